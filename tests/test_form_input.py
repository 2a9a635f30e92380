"""What a person types wrong is told beside its field, kept, and never sent; what the API takes is sent as typed."""

import time

import pytest
from reading_pages import chosen_in, errors_beside, picked_in, send, summary, typed_in, value_in

from registercodes.models import AuditEvent, RegisterCode

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
PLAIN_DIGITS = "Use a whole number in plain digits, such as 10."

REFUSED = {
    "description": {
        "129 characters": "d" * 129,
        "129 CJK": "注" * 129,
        "129 emoji": "🚀" * 129,
        "129 combining": "e\u0301" * 64 + "e",
        "NUL": "web\x00server",
        "newline": "web\nserver",
        "carriage return": "web\rserver",
        "bidi override": "web\u202eserver",
        "a mark": "web ~abc2xyz",
    },
    "instance_name_prefix": {"33 characters": "p" * 33, "newline": "a\nb", "bidi isolate": "a\u2067b"},
    "register_limit": {
        text[:20]: text
        for text in (
            "0",
            "-1",
            "10001",
            "9" * 5000,
            "1_0",
            "010",
            "+5",
            "1e1",
            "10.0",
            "١٠",
            "１０",
            "ten",
            "1 0",
            "-0",
        )
    },
    "effective_time": {
        text[:20]: text for text in ("0", "-1", "9" * 5000, "4.0", "1_0", "+4", "04", "٤", "1e1", "4h")
    },
    "ip_address_range": {
        text: text
        for text in (
            *("::1", "2001:db8::/32", "203.0.113.1,203.0.113.2", "203.0.113.1 203.0.113.2", "203.0.113.1-9"),
            *("203.0.113.0/255.255.255.0", "203.0.113.0/0.0.0.255", "203.0.113.0/08", "203.0.113.09", "010.0.0.1"),
            *("٢٠٣.0.113.9", "203.0.113.0/33", "203.0.113", "+5.0.0.1", "1_0.0.0.1", "1e1.0.0.1", "10.0", "host"),
        )
    },
    "validity": {"no such choice": "sometimes"},
}
CASES = [(field, typed, f"{field}: {name}") for field, cases in REFUSED.items() for name, typed in cases.items()]


def nothing_happened(cloud) -> bool:
    return not (cloud.calls() or RegisterCode.objects.exists() or AuditEvent.objects.exists())


@pytest.mark.parametrize(("field", "wrong"), [case[:2] for case in CASES], ids=[ascii(case[2]) for case in CASES])
def test_wrong_input_is_told_beside_its_field_and_kept(as_alice, typed, cloud, field, wrong):
    began = time.perf_counter()

    response = send(as_alice, NEW, typed(**{field: wrong}))

    assert response.status_code == 422
    assert time.perf_counter() - began < 2
    assert list(errors_beside(response)) == [field]
    assert len(summary(response)) == 1
    assert nothing_happened(cloud)
    if field != "validity":
        assert typed_in(response, field) == wrong
    assert {name: typed_in(response, name) for name in ("description", "register_limit") if name != field} == {
        name: typed()[name] for name in ("description", "register_limit") if name != field
    }


@pytest.mark.parametrize(
    "broken", [b"%ED%A0%BD", b"web%ED%B8%80", b"%FF", b"%C3"], ids=["high", "low", "byte", "half"]
)
def test_a_lone_surrogate_or_broken_bytes_are_refused_beside_the_field(as_alice, typed, cloud, broken):
    fields = "&".join(f"{name}={value}" for name, value in typed(description=None).items())

    response = send(as_alice, NEW, fields.encode() + b"&description=" + broken)

    assert response.status_code == 422
    assert list(errors_beside(response)) == ["description"]
    assert nothing_happened(cloud)


@pytest.mark.parametrize("wrong", ["mars", "", "ap-singapore\n-", "AP-SINGAPORE", "ap-tokyo"])
def test_a_region_that_is_not_offered_is_refused_beside_the_field(as_alice, typed, cloud, wrong):
    response = send(as_alice, NEW, typed(region=wrong))

    assert response.status_code == 422
    assert errors_beside(response) == {"region": ["Choose one of the regions listed."]}
    assert nothing_happened(cloud)


@pytest.mark.parametrize(
    "longest", ["d" * 128, "注" * 128, "🚀" * 128, "e\u0301" * 64, "👨‍👩‍👧‍👦" * 18, "क्‍ष", "<b>%s{0}</b>"], ids=ascii
)
def test_a_description_of_up_to_128_characters_reaches_the_cloud_as_typed(as_alice, typed, cloud, longest):
    response = send(as_alice, NEW, typed(description=longest))

    assert response.status_code == 200
    code = RegisterCode.objects.get()
    assert cloud.is_value(code.code_id, value_in(response))
    assert cloud.code(code.code_id).Description in {longest, f"{longest} ~{code.reference}"}


@pytest.mark.parametrize(("limit", "hours"), [("1", "1"), ("10000", "99999"), ("10", "100000"), ("10", "9" * 18)])
def test_numbers_at_their_bounds_are_asked_for_as_typed(as_alice, typed, cloud, limit, hours):
    assert send(as_alice, NEW, typed(register_limit=limit, effective_time=hours)).status_code == 200

    code = RegisterCode.objects.get()
    assert (code.register_limit, code.effective_time) == (int(limit), int(hours))
    assert code.permanent is (int(hours) > 99_999)
    assert (cloud.code(code.code_id).ExpiredTime is None) is code.permanent


def test_outer_blanks_are_stripped_and_nothing_else_is_altered(as_alice, typed, cloud):
    send(as_alice, NEW, typed(description="  a  b\u3000", register_limit=" 7 ", ip_address_range="\t203.0.113.9 "))

    code = RegisterCode.objects.get()
    assert (code.description, code.register_limit, code.ip_address_range) == ("a  b", 7, "203.0.113.9")


def test_every_wrong_field_is_told_at_once(as_alice, typed, cloud):
    wrong = {"description": "\n.\n.", "register_limit": "0", "effective_time": "x", "ip_address_range": "::1"}

    response = send(as_alice, NEW, typed(**wrong))

    assert set(errors_beside(response)) == set(wrong)
    assert errors_beside(response)["effective_time"] == [PLAIN_DIGITS]
    assert nothing_happened(cloud)


def test_the_choices_made_are_kept_too(as_alice, typed, cloud):
    response = send(as_alice, NEW, typed(region="eu-frankfurt", validity="permanent", register_limit="x"))

    assert chosen_in(response, "region") == "eu-frankfurt"
    assert picked_in(response, "validity") == "permanent"


@pytest.mark.parametrize(
    "field",
    [
        *("region", "description", "instance_name_prefix", "register_limit", "validity", "effective_time"),
        "ip_address_range",
    ],
)
def test_a_field_sent_twice_is_refused_beside_it(as_alice, typed, cloud, field):
    fields = typed()

    response = send(as_alice, NEW, [*fields.items(), (field, fields[field])])

    assert response.status_code == 422
    assert errors_beside(response) == {field: ["This was sent more than once."]}
    assert nothing_happened(cloud)


@pytest.mark.parametrize(
    "name", ["team", "created_by", "RegisterLimit", "<script>", "x" * 5000, "", "%s", "__proto__"]
)
def test_a_field_this_form_does_not_have_is_refused_and_named(as_alice, typed, cloud, name):
    response = send(as_alice, NEW, [*typed().items(), (name, "1")])

    assert response.status_code == 422
    assert summary(response) == [f"This form has no field “{name[:40]}”."]
    assert nothing_happened(cloud)


@pytest.mark.parametrize("enforced", [False, True], ids=["view", "CSRF check"])
def test_a_body_of_11_megabytes_is_400_and_not_read_any_further(as_alice, typed, cloud, enforced):
    as_alice.get(NEW)
    as_alice.handler.enforce_csrf_checks = enforced

    response = send(as_alice, NEW, typed(description="d" * 11 * 1024 * 1024))

    assert response.status_code == 400
    assert nothing_happened(cloud)


def test_an_uploaded_file_or_a_thousand_fields_are_400(as_alice, typed, cloud, tmp_path):
    (tmp_path / "upload").write_bytes(b"x" * 100)
    with (tmp_path / "upload").open("rb") as upload:
        assert as_alice.post(NEW, typed() | {"file": upload}).status_code == 400
    assert send(as_alice, NEW, [("description", "d")] * 1000).status_code == 400
    assert nothing_happened(cloud)


@pytest.mark.parametrize("body", ["", "{}", "&&&&", "=", "%", "a" * 1000])
def test_a_body_that_is_no_form_is_never_taken_for_one(as_alice, cloud, web, body):
    assert send(as_alice, NEW, body).status_code == 422
    assert nothing_happened(cloud)
