"""Who left can be forgotten: the names and addresses of a person, and nothing of what happened and when.

`security_log_forget` is for accounts that were emptied, and for addresses that no account has. Of an account its name
goes too, where that is no address; an address goes however it is written, and no other that only ends or begins like
it: ann@shop.example is in joann@shop.example. The trigger lets through what the function does and nothing else: a text
stays as it was, or says that it was deleted.
"""

from django.db import migrations

FORGET = r"""
CREATE OR REPLACE FUNCTION security_log_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('security_log.purging', true) = 'on'
       AND OLD.at < now() - interval '90 days' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('security_log.forgetting', true) = 'on'
       AND (NEW.id, NEW.at, NEW.what, NEW.account, NEW.vendor_id) = (OLD.id, OLD.at, OLD.what, OLD.account, OLD.vendor_id)
       AND NEW.login IN (OLD.login, '(deleted)') AND NEW.address IN (OLD.address, '') AND NEW.agent IN (OLD.agent, '')
       AND (NEW.about = OLD.about OR NEW.about LIKE '%(deleted)%')
       AND (NEW.detail = OLD.detail OR NEW.detail LIKE '%(deleted)%') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'security_log: rows are added, never changed or taken away (%)', TG_OP
        USING HINT = 'security_log_purge(interval) forgets what is older than the interval, and than 90 days.',
              ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION security_log_forget(gone_account text, gone_email text) RETURNS bigint LANGUAGE plpgsql AS $$
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
NO_LONGER = """
DROP FUNCTION security_log_forget(text, text);
CREATE OR REPLACE FUNCTION security_log_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('security_log.purging', true) = 'on'
       AND OLD.at < now() - interval '90 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'security_log: rows are added, never changed or taken away (%)', TG_OP
        USING HINT = 'security_log_purge(interval) forgets what is older than the interval, and than 90 days.',
              ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0002_encrypted_factors"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunSQL(FORGET, NO_LONGER)]
