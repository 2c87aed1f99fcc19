"""Tables whose changes are noted, whoever makes them: a page, a command, a shell. Signals, since they alone see all of
it; only what writes past the models (`update`, plain SQL) must note what it does itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from config.web.text import visible
from security.log import cut, note
from security.models import Kind

MOST_CHARS = 80  # of one value
MOST_NAMES = 5  # of permissions, groups and people that are named
_BEFORE = "_watched_before"


def _nothing(row: Any) -> str:
    return ""


@dataclass(frozen=True)
class Watched:
    """What of a table is noted: as what kind, which columns with their values, and how its rows are called."""

    model: type[Model]
    kind: Kind
    fields: Sequence[str]
    about: Callable[[Any], str] = str
    vendor: Callable[[Any], str] = _nothing


def watch(one: Watched) -> None:
    """Note what is added to, changed in and deleted from the table, from now on.

    Django tells of a saved row when that is committed already. Within a transaction the row goes with a note that
    fails; deleting, and linking many to many, Django does in one anyway.
    """
    one.model.save_base = transaction.atomic(savepoint=False)(one.model.save_base)  # type: ignore[method-assign]
    receivers = [(pre_save, _remember), (post_save, _saved), (post_delete, _deleted)]
    for signal, receiver in receivers:

        def receive(sender: Any, instance: Any, receiver: Any = receiver, **how: Any) -> None:
            if not how.get("raw"):  # a fixture being loaded
                receiver(one, instance, **how)

        signal.connect(receive, sender=one.model, weak=False, dispatch_uid=f"{__name__} {one.model._meta.label}")


def _remember(one: Watched, row: Any, update_fields: Any = None, **_: Any) -> None:
    """What the database has of the row, before it is written over."""
    asked = [name for name in one.fields if update_fields is None or name in update_fields]
    before = {} if row._state.adding or not asked else one.model._base_manager.filter(pk=row.pk).values(*asked).first()
    setattr(row, _BEFORE, before or {})


def _saved(one: Watched, row: Any, created: bool, **_: Any) -> None:
    if created:
        said = ["added", *(f"{name}: {_value(getattr(row, name))}" for name in one.fields)]
    else:
        before = getattr(row, _BEFORE, {})
        pairs = [(name, old, getattr(row, name)) for name, old in before.items()]
        said = [f"{name}: {_value(old)} → {_value(new)}" for name, old, new in pairs if old != new]
    if said:
        _note(one, row, "; ".join(said))


def _deleted(one: Watched, row: Any, **_: Any) -> None:
    _note(one, row, "; ".join(["deleted", *(f"{name}: {_value(getattr(row, name))}" for name in one.fields)]))


def _note(one: Watched, row: Any, said: str) -> None:
    note(one.kind, vendor_id=one.vendor(row), about=f"{one.model._meta.verbose_name} {one.about(row)}", detail=said)


def _value(value: object) -> str:
    return "–" if value in (None, "") else cut(visible(str(value)), MOST_CHARS)


# --- what hangs on what ----------------------------------------------------------------------------------------

VERBS = {"post_add": "added", "post_remove": "removed", "pre_clear": "removed"}


def watch_links(through: Any, kind: Kind, about: Callable[[Any], str] = str) -> None:
    """Note what is linked to what and no longer, of a relation of many to many: groups of a person, say."""

    def receive(sender: Any, instance: Any, action: str, model: Any, pk_set: Any, reverse: bool, **_: Any) -> None:
        if action not in VERBS:
            return
        if action == "pre_clear":
            pk_set = _linked(through, instance, model)
        if pk_set:
            names = [str(one) for one in model._base_manager.filter(pk__in=sorted(pk_set)[:MOST_NAMES])]
            more = f" and {len(pk_set) - len(names)} more" if len(pk_set) > len(names) else ""
            kinds = model._meta.verbose_name_plural
            said = f"{kinds} {VERBS[action]}: {', '.join(names)}{more}"
            note(kind, about=f"{instance._meta.verbose_name} {about(instance)}", detail=said)

    m2m_changed.connect(receive, sender=through, weak=False, dispatch_uid=f"{__name__} {through._meta.label}")


def _linked(through: Any, instance: Any, model: Any) -> set[Any]:
    """The keys of what is linked to the row, in a table of links between two models."""
    ends = {field.related_model: field.attname for field in through._meta.fields if field.is_relation}
    mine, theirs = ends[type(instance)], ends[model]
    return set(through._base_manager.filter(**{mine: instance.pk}).values_list(theirs, flat=True))
