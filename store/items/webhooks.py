"""The secret by which a TAPD item webhook proves its company."""

from store.database import Connection
from store.org.companies import secret_place
from store.sealing import Keyring


def find_event_secret(
    connection: Connection, keyring: Keyring, company_id: str
) -> str | None:
    """The company's secret, "" when it has set none, None when nobody knows it.

    Raises: SealBroken.
    """
    if "\x00" in company_id:
        return None  # Postgres could not even be asked.
    row = connection.execute(
        "SELECT event_secret FROM companies WHERE company_id = %s", [company_id]
    ).fetchone()
    if row is None:
        return None
    sealed = row[0]
    if sealed is None:
        return ""
    return keyring.open(sealed, place=secret_place(company_id)).decode()
