"""The way from a code to what the cloud last said of it, without a column, for statements that judge many codes."""

from typing import Any

from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact


class CloudLink(models.ForeignObject):
    """For counting all of them: joined by code id and region, the account compared so that no index serves it.

    SQLite takes the unique index wherever it can, which begins with the account and makes it read each row besides;
    ``upstream_there`` begins with the code id and holds all that is counted: half the time. Where few are wanted, in
    an order, the unique one is the better way: ``in_cloud``. Ask for other columns only: of code id, region or absence
    Django asks this side, and the account is not compared.
    """

    def __init__(self, to: str, **options: Any) -> None:
        settled = {"on_delete": models.DO_NOTHING, "null": True, "blank": True, "editable": False, "related_name": "+"}
        fields = ["code_id", "region"]
        super().__init__(to, **options | settled | {"from_fields": fields, "to_fields": fields})

    def get_extra_restriction(self, alias: str, related_alias: str) -> Exact:
        theirs, ours = (
            model._meta.get_field("account").get_col(name)
            for model, name in ((self.remote_field.model, alias), (self.model, related_alias))
        )
        return Exact(Coalesce(theirs, Value("")), ours)

    def get_extra_descriptor_filter(self, instance: Any) -> dict[str, Any]:
        return {"account": instance.account}

    def _check_unique_target(self) -> list[Any]:
        """Django looks at the joined fields; with the account they are unique."""
        return []
