"""Who left is forgotten, and nobody whose address only ends or begins like theirs: ann@shop.example is in
joann@shop.example. Of the account itself its name goes too, where that is no address, however an address is written.
"""

from django.db import migrations

FORGET = r"""
CREATE OR REPLACE FUNCTION security_log_forget(gone_account text, gone_email text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
    mark text := '(account ' || gone_account || ')';
    named text := '\S+ \(account ' || gone_account || '\)';
    whole text := '(?<![[:alnum:]._%+''-])' || regexp_replace(gone_email, '([^[:alnum:]])', '\\\1', 'g')
                    || '(?![[:alnum:]-]|\.[[:alnum:]])';
BEGIN
    IF gone_account = '' AND gone_email = ''
       OR EXISTS (SELECT FROM auth_user WHERE lower(email) = lower(gone_email) AND email <> '')
       OR EXISTS (SELECT FROM auth_user WHERE id::text = gone_account AND (email <> '' OR is_active)) THEN
        RAISE EXCEPTION 'security_log: only who has left is forgotten' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM set_config('security_log.forgetting', 'on', true);
    IF gone_account <> '' THEN
        UPDATE security_log
           SET login = CASE account WHEN gone_account THEN '(deleted)' ELSE login END,
               address = CASE account WHEN gone_account THEN '' ELSE address END,
               agent = CASE account WHEN gone_account THEN '' ELSE agent END,
               about = regexp_replace(about, named, '(deleted) ' || mark),
               detail = CASE WHEN position(mark IN about) > 0
                             THEN regexp_replace(detail, 'username: [^;]*', 'username: (deleted)') ELSE detail END
         WHERE account = gone_account OR position(mark IN about) > 0;
    ELSE
        UPDATE security_log
           SET login = CASE lower(login) WHEN lower(gone_email) THEN '(deleted)' ELSE login END,
               address = CASE lower(login) WHEN lower(gone_email) THEN '' ELSE address END,
               agent = CASE lower(login) WHEN lower(gone_email) THEN '' ELSE agent END,
               about = regexp_replace(about, whole, '(deleted)', 'gi'),
               detail = regexp_replace(detail, whole, '(deleted)', 'gi')
         WHERE lower(login) = lower(gone_email) OR about ~* whole OR detail ~* whole;
    END IF;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('security_log.forgetting', 'off', true);
    RETURN gone;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0003_forgetting")]

    # The function before does for the version before; it forgets a little more and a little less.
    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]
