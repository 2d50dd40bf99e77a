"""Founding an instance (`certsvc init`): the key ceremony, then everything the authority needs before its first act.

1. ceremony   – keys, certificates, home and database
2. publish    – working-day calendar and procedures, signed by the policy key
3. authorise  – the top grant for the authority's own keys
4. trust      – the first trust bundle, which names all of it

Under a root that requires the log the leaves of all this wait until the witnesses are appointed (`appointment`).
"""

from pathlib import Path

from certsvc.instance import open_instance
from certsvc.services import documents
from certsvc.services.ceremony import Line, Plan, hold_ceremony
from certsvc.services.delegation import give_top_grant


def found(home: Path, plan: Plan, now: int) -> list[Line]:
    """Makes the home ready for organisations and officers; gives back the transcript. Raises NotReady, Malformed."""
    transcript = hold_ceremony(home, plan, now)
    # The database holds names; nobody else on this machine has to read them.
    home.chmod(0o700)
    instance = open_instance(home)
    try:
        instance.clock = now
        documents.publish_calendar(instance)
        documents.publish_procedures(instance)
        give_top_grant(instance)
        documents.publish_trust(instance)
    finally:
        instance.close()
    return transcript
