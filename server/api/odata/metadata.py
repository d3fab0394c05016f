"""What the service says of itself: its tables, and the types of what stands in them."""

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from server.api.form_fields import identifier
from server.api.odata.model import Entity, Group, Link, Property, groups_of
from server.api.odata.selection import SOMEBODY, SYSTEM

SUBMISSION = "org.opendatakit.submission"
USER = "org.opendatakit.user"
TYPES = {
    "submissionDate": "Edm.DateTimeOffset",
    "updatedAt": "Edm.DateTimeOffset",
    "deletedAt": "Edm.DateTimeOffset",
    "attachmentsPresent": "Edm.Int64",
    "attachmentsExpected": "Edm.Int64",
    "status": f"{SUBMISSION}.Status",
    "reviewState": f"{SUBMISSION}.ReviewState",
    "edits": "Edm.Int64",
}
ENUMS = {
    "Status": ("notDecrypted", "missingEncryptedFormData"),
    "ReviewState": ("hasIssues", "edited", "rejected", "approved"),
}
CAPABILITY = "Org.OData.Capabilities.V1"
# What the service and its tables can and cannot do, so that programs do not ask for it.
OF_SERVICE = {
    "ConformanceLevel": f'EnumMember="{CAPABILITY}.ConformanceLevelType/Minimal"',
    "BatchSupported": 'Bool="false"',
    "CrossJoinSupported": 'Bool="false"',
    "KeyAsSegmentSupported": 'Bool="false"',
    "SkipSupported": 'Bool="true"',
    "TopSupported": 'Bool="true"',
}
OF_TABLES = {
    "CountRestrictions": ("Countable", "true"),
    "SearchRestrictions": ("Searchable", "false"),
    "InsertRestrictions": ("Insertable", "false"),
    "UpdateRestrictions": ("Updatable", "false"),
    "DeleteRestrictions": ("Deletable", "false"),
}


def metadata(form_id: str, entities: tuple[Entity, ...], *, everything: bool) -> bytes:
    """The EDMX document of a form."""
    return "".join(_document(form_id, entities, everything=everything)).encode()


def _document(form_id: str, entities: tuple[Entity, ...], *, everything: bool) -> Iterator[str]:
    space = f"{USER}.{identifier(form_id)}"
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
    yield from _submission_schema(everything=everything)
    yield f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace={quoteattr(space)}>'
    for entity in entities:
        yield from _entity(entity, entities, space)
    for entity in entities:
        for parts, group in groups_of(entity.group, entity.parts):
            name = ".".join(parts)
            yield f"<ComplexType Name={quoteattr(name)}>"
            yield from _properties(group, parts, entities, space)
            yield "</ComplexType>"
    yield from _container(form_id, entities, space)
    yield "</Schema></edmx:DataServices></edmx:Edmx>\n"


def _submission_schema(*, everything: bool) -> Iterator[str]:
    yield f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{SUBMISSION}">'
    yield '<ComplexType Name="metadata">'
    for name in SYSTEM:
        if everything or name not in SOMEBODY:
            yield f'<Property Name="{name}" Type="{TYPES.get(name, "Edm.String")}"/>'
    yield "</ComplexType>"
    for name, members in ENUMS.items():
        yield f'<EnumType Name="{name}">{"".join(f"<Member Name={quoteattr(one)}/>" for one in members)}</EnumType>'
    yield "</Schema>"


def _entity(entity: Entity, entities: tuple[Entity, ...], space: str) -> Iterator[str]:
    yield f"<EntityType Name={quoteattr(entity.name)}>"
    yield '<Key><PropertyRef Name="__id"/></Key><Property Name="__id" Type="Edm.String"/>'
    if entity.path:
        yield f'<Property Name={quoteattr(entity.id_of_parent)} Type="Edm.String"/>'
    else:
        yield f'<Property Name="__system" Type="{SUBMISSION}.metadata"/>'
    yield from _properties(entity.group, entity.parts, entities, space)
    yield "</EntityType>"


def _properties(group: Group, parts: tuple[str, ...], entities: tuple[Entity, ...], space: str) -> Iterator[str]:
    for node in group.nodes.values():
        name = quoteattr(node.name)
        if isinstance(node, Property):
            yield f'<Property Name={name} Type="{node.edm}"/>'
        elif isinstance(node, Link):
            kind = f"Collection({space}.{entities[node.table].name})"
            yield f"<NavigationProperty Name={name} Type={quoteattr(kind)}/>"
        else:
            yield f"<Property Name={name} Type={quoteattr('.'.join((space, *parts, node.name)))}/>"


def _container(form_id: str, entities: tuple[Entity, ...], space: str) -> Iterator[str]:
    yield f"<EntityContainer Name={quoteattr(identifier(form_id))}>"
    for entity in entities:
        yield f"<EntitySet Name={quoteattr(entity.name)} EntityType={quoteattr(f'{space}.{entity.name}')}>"
        for term, (name, truth) in OF_TABLES.items():
            yield f'<Annotation Term="{CAPABILITY}.{term}"><Record>'
            yield f'<PropertyValue Property="{name}" Bool="{truth}"/></Record></Annotation>'
        yield "</EntitySet>"
    yield "".join(f'<Annotation Term="{CAPABILITY}.{term}" {value}/>' for term, value in OF_SERVICE.items())
    yield "</EntityContainer>"
