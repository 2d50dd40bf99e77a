"""A bundle signed by the real keys whose certificate never entered the register: signed, and then not applied."""

from dataclasses import replace

from certsvc.core.bundle import write_bundle
from certsvc.core.jose import parse_document, sign_compact
from certsvc.demo.story import Story
from certsvc.services.documents import own_key
from certsvc.services.evidence import gather_bundle
from certsvc.services.issue import Issued
from certsvc.services.publish import current_status_list


def make(story: Story, one: Issued) -> bytes:
    """The bundle of a second credential over the same path, which only someone with the signing key could make."""
    instance = story.instance
    body = parse_document(one.certificate.credential, "vc+jwt").unverified_payload
    twin = {**body, "id": body["id"][:-4] + "0000", "jti": body["jti"][:-4] + "0000"}
    with instance.engines.read.connect() as connection:
        key = own_key(connection, instance.settings.authority, "credential")
        status_list = current_status_list(instance, one.certificate.list_uri)
        bundle = gather_bundle(instance, connection, one.certificate, status_list)
    credential = parse_document(sign_compact(twin, "vc+jwt", instance.signer(key)), "vc+jwt")
    # The log has no entry about it, and the entry of the genuine one is about another document.
    return write_bundle(replace(bundle, credential=credential, logged=None))
