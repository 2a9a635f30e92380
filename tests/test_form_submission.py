"""A pressed button counts once and only for whom its form was drawn; an error on the form does not use it up."""

import time
import uuid

import pytest
from cast import browser_of, person
from django.core import signing
from django.test import Client
from reading_pages import heading, send, summary, typed_in, value_in
from server_forms import form_on

from registercodes import submissions
from registercodes.models import Membership, RegisterCode, Team

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
NOT_YOURS = "This form was open for too long or was not yours. Nothing was sent; please press again."


class YesterdaysSigner(signing.TimestampSigner):
    """Signs as the portal does, with a clock that is behind."""

    def __init__(self, *, age: int) -> None:
        super().__init__(salt=submissions.SALT)
        self.age = age

    def timestamp(self) -> str:
        return signing.b62_encode(int(time.time()) - self.age)


def token_of_age(age, *, person, team) -> str:
    said = {"submission": uuid.uuid4().hex, "person": person.pk, "team": team.pk}
    return YesterdaysSigner(age=age).sign_object(said)


def refused(response, cloud) -> bool:
    """Nothing was sent, the words are kept, and the page offers a submission of its own to press again."""
    assert response.status_code == 422
    assert summary(response) == [NOT_YOURS]
    assert typed_in(response, "description") == "webserver"
    assert not cloud.calls() and not RegisterCode.objects.exists()
    return True


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: "",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token[1:],
        lambda token: token.replace(":", ""),
        lambda token: "x" * 10_000,
        lambda token: "\x01:é:𝟙",
        lambda token: token + "\x00",
        lambda token: str(uuid.uuid4()),
        lambda token: signing.dumps({"submission": uuid.uuid4().hex, "person": 1, "team": 1}, salt="another"),
    ],
    ids=["none", "last sign", "first sign", "no colons", "long", "not ASCII", "NUL", "bare id", "another salt"],
)
def test_a_forged_submission_is_refused(as_alice, typed, cloud, forge):
    assert refused(send(as_alice, NEW, typed(submission=forge(typed()["submission"]))), cloud)


def test_a_form_that_was_open_for_more_than_twelve_hours_is_refused(as_alice, alice, web, typed, cloud):
    token = token_of_age(submissions.MAX_AGE_SECONDS + 2, person=alice, team=web)

    assert refused(send(as_alice, NEW, typed(submission=token)), cloud)


def test_a_form_that_was_open_for_nearly_twelve_hours_is_taken(as_alice, alice, web, typed, cloud):
    token = token_of_age(submissions.MAX_AGE_SECONDS - 60, person=alice, team=web)

    assert value_in(send(as_alice, NEW, typed(submission=token)))


def test_another_persons_submission_is_refused(as_bob, typed, cloud):
    assert refused(send(as_bob, NEW, typed()), cloud)


def test_a_submission_for_another_team_is_refused_though_one_is_in_both(as_alice, alice, payments, typed, cloud):
    Membership.objects.create(team=payments, user=alice, checked_at=alice.created_at)

    assert refused(send(as_alice, "/teams/payments/codes/new/", typed()), cloud)


@pytest.fixture
def careful(web, cloud):
    """Signed in as a person does it, with the CSRF check that the test client leaves out."""
    client = Client(enforce_csrf_checks=True)
    sign_in(client)
    return client


def sign_in(client, name="alice"):
    page = client.get("/sso/sign-in/")
    assert send(client, "/sso/sign-in/", {"person": name, "csrfmiddlewaretoken": csrf_in(page)}).status_code == 302


def csrf_in(page) -> str:
    return typed_in(page, "csrfmiddlewaretoken")


def filled_in(client) -> dict[str, str]:
    fields = form_on(client.get(NEW).content.decode(), action=NEW)
    return fields | {"description": "webserver", "register_limit": "7"}


def test_signing_in_again_does_not_cost_what_was_typed(careful, cloud):
    fields = filled_in(careful)
    sign_in(careful)

    page = send(careful, NEW, fields)

    assert (page.status_code, heading(page)) == (403, "New register code")
    assert "Nothing was sent" in page.content.decode() and not summary(page)
    assert not cloud.calls() and not RegisterCode.objects.exists()
    again = form_on(page.content.decode(), action=NEW)
    assert {name: again[name] for name in fields if name != "csrfmiddlewaretoken"} == {
        name: fields[name] for name in fields if name != "csrfmiddlewaretoken"
    }
    assert value_in(send(careful, NEW, again))
    assert RegisterCode.objects.get().register_limit == 7


def test_what_one_person_typed_needs_a_submission_of_the_next_ones_own(careful, cloud):
    fields = filled_in(careful)
    sign_in(careful, "bob")

    page = send(careful, NEW, fields)

    assert (page.status_code, summary(page)) == (403, [NOT_YOURS])
    assert typed_in(page, "submission") != fields["submission"]
    assert value_in(send(careful, NEW, form_on(page.content.decode(), action=NEW)))


def test_what_another_site_sent_is_never_shown_as_ones_own_form(careful, cloud):
    fields = filled_in(careful)

    page = send(careful, NEW, fields, headers={"Origin": "https://elsewhere.example"})

    assert (page.status_code, heading(page)) == (403, "This page had gone stale")
    assert "webserver" not in page.content.decode()


def test_a_form_of_a_team_one_is_not_in_is_404_before_its_words_are_kept(careful, payments):
    fields = filled_in(careful)
    sign_in(careful)

    assert send(careful, "/teams/payments/codes/new/", fields).status_code == 404


@pytest.mark.parametrize("forged", ["forged", "\x00"])
def test_the_page_that_refuses_offers_a_submission_that_works(as_alice, typed, cloud, forged):
    page = send(as_alice, NEW, typed(submission=forged))

    assert value_in(send(as_alice, NEW, typed(submission=typed_in(page, "submission"))))


def test_a_mistake_on_the_form_does_not_use_the_submission_up(as_alice, typed, cloud):
    fields = typed()

    page = send(as_alice, NEW, fields | {"register_limit": "0"})

    assert typed_in(page, "submission") == fields["submission"]
    assert value_in(send(as_alice, NEW, fields))
    assert RegisterCode.objects.count() == 1


def test_the_same_button_again_shows_the_card_and_never_the_value(as_alice, typed, cloud):
    fields = typed()
    value = value_in(send(as_alice, NEW, fields))

    again = send(as_alice, NEW, fields)

    assert again.status_code == 200
    assert value and value not in again.content.decode()
    assert len(cloud.calls("CreateRegisterCode")) == 1


def test_the_same_button_with_other_contents_is_409_and_offers_a_new_one(as_alice, typed, cloud):
    fields = typed()
    send(as_alice, NEW, fields)

    again = send(as_alice, NEW, fields | {"description": "another"})

    assert again.status_code == 409
    assert heading(again) == "This form was sent before"
    assert typed_in(again, "description") == "another"
    assert value_in(
        send(as_alice, NEW, fields | {"description": "another", "submission": typed_in(again, "submission")})
    )
    assert len(cloud.calls("CreateRegisterCode")) == 2


def test_two_forms_make_two_codes(as_alice, typed, cloud):
    assert value_in(send(as_alice, NEW, typed())) != value_in(send(as_alice, NEW, typed()))


def test_nobody_reaches_anothers_code_by_replaying_a_submission(as_alice, typed, cloud, web):
    fields = typed()
    send(as_alice, NEW, fields)
    stranger = person("oscar", teams=(Team.objects.create(key="other", name="Other", sso_group="other"),))

    for path in (NEW, "/teams/other/codes/new/"):
        answer = send(browser_of(stranger), path, fields)
        assert answer.status_code in {404, 422}
        assert RegisterCode.objects.get().reference not in answer.content.decode()
    assert len(cloud.calls("CreateRegisterCode")) == 1
