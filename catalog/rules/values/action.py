"""What a row asks for: to add or change its product, or to retire it."""

import unicodedata
from typing import Final

from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem

UPSERT: Final = "upsert"
RETIRE: Final = "retire"
# In English, German, French, Spanish and Italian, in small letters and without accents; a and d are Amazon's.
WORDS: Final = {
    **dict.fromkeys(
        (
            "upsert", "a", "add", "insert", "create", "new", "update", "edit", "change", "modify", "keep", "active",
            "add/edit", "addedit", "partialupdate", "partial update",
            "anlegen", "hinzufugen", "hinzufuegen", "neu", "andern", "aendern", "aktualisieren", "bearbeiten",
            "behalten",
            "ajouter", "creer", "nouveau", "modifier", "mettre a jour", "actualiser", "garder",
            "anadir", "agregar", "crear", "nuevo", "modificar", "actualizar", "cambiar", "mantener",
            "aggiungere", "aggiungi", "creare", "crea", "nuovo", "modificare", "modifica", "aggiornare", "aggiorna",
        ),
        UPSERT,
    ),
    **dict.fromkeys(
        (
            "retire", "d", "delete", "remove", "end", "discontinue", "discontinued", "deactivate", "delist", "retired",
            "loschen", "loeschen", "entfernen", "auslaufen", "deaktivieren", "beenden", "auslisten", "stilllegen",
            "supprimer", "retirer", "enlever", "desactiver", "arreter",
            "eliminar", "retirar", "borrar", "quitar", "desactivar", "descatalogar",
            "eliminare", "elimina", "rimuovere", "rimuovi", "ritirare", "ritira", "cancellare", "cancella",
            "disattivare",
        ),
        RETIRE,
    ),
}  # fmt: skip


def read(cell: str) -> tuple[str, Problem | None]:
    """upsert or retire, an empty cell being the first; "" and what is wrong for another word."""
    word = " ".join(_plain(cell).split())
    if not cell.strip():
        return UPSERT, None
    if found := WORDS.get(word):
        return found, None
    message = f"{quoted(cell)} is no action. Write upsert to add or change the product, or retire to end it."
    return "", Problem("action", Code.INVALID_ACTION, message)


def _plain(cell: str) -> str:
    """In small letters, without accents."""
    if cell.isascii():
        return cell.strip().casefold()
    decomposed = unicodedata.normalize("NFKD", cell[:MOST_CHARS].strip().casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


MOST_CHARS: Final = 100
