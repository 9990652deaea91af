"""What the HTTP API takes and gives, as an OpenAPI 3.1 document (https://spec.openapis.org/oas)."""

from importlib.metadata import version
from typing import Any, get_args

from bot.search import PAGES_SHOWN, Confidence, Status
from bot.web.asked import LOOK_PATTERN, MAX_ID, MAX_PAGES, MAX_RADIUS, PAGES_LISTED
from bot.web.options import WebOptions
from bot.web.thumbs import CONTENT_TYPES

VERSION = "v1"
ID_DIGITS = 10
HASH_PATTERN = "^((0x)?[0-9a-fA-F]{16}|[+-]?[0-9]{1,24})$"

Schema = dict[str, Any]


def openapi(options: WebOptions) -> Schema:
    """The document for a server with these options."""
    megabytes = f"{options.max_bytes / 1024 / 1024:.3g} MB"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "whereis",
            "version": version("whereis-bot"),
            "summary": "Tells where a picture comes from.",
            "description": (
                "Asks which pages show a picture. Nothing that is sent is kept. The documents are "
                "those of `whereis-bot search --json`."
            ),
        },
        "servers": [{"url": f"/api/{VERSION}"}],
        "security": [{}, {"key": []}],
        "paths": {
            "/search": {
                "post": {
                    "operationId": "searchPicture",
                    "summary": "Search with a picture, or with a link to one.",
                    "description": (
                        f"A picture has {megabytes} at most, and `Content-Length` must be given. A "
                        "picture that can't be read is an answer like any other, of status "
                        "`unreadable`. Of a file and a link the file is taken."
                    ),
                    "requestBody": {"required": True, "content": _bodies()},
                    "responses": _responses("Search", 401, 403, 408, 411, 413, 415, 422, 429, 503),
                },
                "get": {
                    "operationId": "searchHash",
                    "summary": "Search with the hash of a picture.",
                    "description": (
                        "A hash alone allows no second look: no match is called `exact`, and only "
                        "those that are likely enough by their distance are given, however wide "
                        "the radius. With the `look` of an answer it is as sure as with the "
                        "picture, where that was neither framed nor turned."
                    ),
                    "parameters": [
                        _query(
                            "hash",
                            {
                                "type": "string",
                                "pattern": "^(0x)?[0-9a-fA-F]{16}$|^[+-]?[0-9]{1,24}$",
                            },
                            "The dHash (64 bits): 16 hexadecimal digits, or a signed number in "
                            "decimal. Sixteen digits are hexadecimal; write 0 before a decimal "
                            "number of so many.",
                            required=True,
                        ),
                        _query(
                            "radius",
                            {"type": "integer", "minimum": 0, "maximum": MAX_RADIUS},
                            "How many bits a stored hash may differ in, where there is no look.",
                        ),
                        _query(
                            "look",
                            {"type": "string", "pattern": LOOK_PATTERN},
                            "The `look` of an answer to the same picture.",
                        ),
                    ],
                    "responses": _responses("Search", 401, 422, 429, 503),
                },
            },
            "/pages/{image_id}": {
                "get": {
                    "operationId": "listPages",
                    "summary": "List the pages that show a picture.",
                    "description": (
                        "A match names the first ten; here are all of them, by their ids."
                    ),
                    "parameters": [
                        _image_id(),
                        _query(
                            "after",
                            {"type": "integer", "minimum": 0, "maximum": MAX_ID, "default": 0},
                            "The `after` of the list before.",
                        ),
                        _query(
                            "limit",
                            {
                                "type": "integer",
                                "minimum": 1,
                                "maximum": MAX_PAGES,
                                "default": PAGES_LISTED,
                            },
                            "How many pages to list.",
                        ),
                    ],
                    "responses": _responses("Pages", 401, 404, 422, 429, 503),
                },
            },
            "/cards/{image_id}": {
                "get": {
                    "operationId": "getCard",
                    "summary": "Tell what the wiki says of a picture and of its pages.",
                    "description": "Null where the wiki can't be asked, or says nothing.",
                    "parameters": [
                        _image_id(),
                    ],
                    "responses": _responses("CardOf", 401, 404, 422, 429, 503),
                },
            },
            "/thumbs/{image_id}": _thumbs_path(),
        },
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key of the operator's, for a larger allowance.",
                }
            },
            "schemas": {
                "Search": _object(queries={"type": "array", "items": _ref("Query")}),
                "Query": _query_schema(),
                "Match": _match_schema(),
                "Page": _page(),
                "Pages": _object(
                    image_id={"type": "integer"},
                    pages={"type": "array", "items": _ref("ListedPage"), "maxItems": MAX_PAGES},
                    after={
                        "type": ["integer", "null"],
                        "description": "Where the next list begins; null where this was the last.",
                    },
                ),
                "ListedPage": _page(id={"type": "integer"}),
                "CardOf": _object(
                    image_id={"type": "integer"},
                    card={"oneOf": [{"type": "null"}, _ref("Card")]},
                    thumb={
                        "type": ["string", "null"],
                        "description": "Where on this server a thumbnail of it is.",
                    },
                ),
                **_card_schemas(),
                "Error": _object(
                    error=_object(code={"type": "string"}, message={"type": "string"})
                ),
            },
            "responses": {"Problem": _problem()},
        },
    }


def _thumbs_path() -> Schema:
    pictures: Schema = {kind: {} for kind in CONTENT_TYPES}
    shown: Schema = {
        "200": {
            "description": "The thumbnail.",
            "headers": {"ETag": {"schema": {"type": "string"}}},
            "content": pictures,
        },
        "304": {"description": "It is the one of `If-None-Match`."},
    }
    return {
        "get": {
            # The page shows them as well.
            "servers": [{"url": "/"}],
            "operationId": "getThumb",
            "summary": "Show a picture that was found, at most 330 pixels wide.",
            "description": (
                "It comes from the wiki, through this server: the picture itself where the match "
                "has a `file`, and otherwise the lead picture of its first page."
            ),
            "parameters": [_image_id()],
            "responses": shown | _refusals(401, 404, 422, 429, 502, 503, 504),
        },
    }


def _image_id() -> Schema:
    return {
        "name": "image_id",
        "in": "path",
        "required": True,
        "description": "The `image_id` of a match.",
        "schema": {"type": "integer", "minimum": 0, "maximum": MAX_ID},
    }


def _bodies() -> Schema:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    link = {"type": "string", "description": "A link to a picture, or to a page that shows one."}
    by_link = {"type": "object", "properties": {"url": link}, "required": ["url"]}
    form = {
        "type": "object",
        "properties": {"file": file, "url": link},
        "anyOf": [{"required": ["file"]}, {"required": ["url"]}],
    }
    return {
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": by_link},
        "application/x-www-form-urlencoded": {"schema": by_link},
    }


def _query_schema() -> Schema:
    return _object(
        image={"type": "string", "description": "The file's name, the link or the hash."},
        status={"enum": list(get_args(Status))},
        reason={"type": ["string", "null"]},
        hash={"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"},
        look={"type": ["string", "null"], "pattern": LOOK_PATTERN},
        elapsed_ms={"type": "number", "minimum": 0},
        matches={"type": "array", "items": _ref("Match")},
    )


def _match_schema() -> Schema:
    return _object(
        image_id={"type": "integer"},
        collection={"type": "string"},
        file={"type": ["string", "null"]},
        distance={
            "type": "integer",
            "minimum": 0,
            "maximum": 64,
            "description": "The bits in which the two dHashes differ.",
        },
        confidence={"enum": list(get_args(Confidence))},
        chance_wrong={
            "type": "number",
            "minimum": 0,
            "description": "How many other pictures are expected to look as much alike.",
        },
        view=_object(
            orientation={"type": "integer", "minimum": 1, "maximum": 8},
            framing={"enum": ["whole", "border", "inside"]},
            frame={"type": "integer", "minimum": 0, "maximum": 255},
        ),
        alike={"type": "array", "items": {"type": "integer"}},
        page_count={"type": "integer", "minimum": 0},
        pages={"type": "array", "items": _ref("Page"), "maxItems": PAGES_SHOWN},
    )


def _card_schemas() -> Schema:
    text: Schema = {"type": ["string", "null"]}
    degrees = {"type": "number"}
    return {
        "Card": _object(
            articles={"type": "array", "items": _ref("Article"), "maxItems": PAGES_SHOWN},
            credit={"oneOf": [{"type": "null"}, _ref("Credit")]},
        ),
        "Article": _object(
            title={"type": "string"},
            url=text,
            description=text,
            extract=text,
            thumbnail=text,
            place={"oneOf": [{"type": "null"}, _object(latitude=degrees, longitude=degrees)]},
            item={"type": ["string", "null"], "description": "Its number in Wikidata."},
            shows_file={
                "type": ["boolean", "null"],
                "description": "Whether it still shows the picture; null where that is not known.",
            },
            translations={"type": "array", "items": _ref("Translation")},
        ),
        "Translation": _object(
            language={"type": "string"},
            name={"type": "string"},
            title={"type": "string"},
            url={"type": "string"},
        ),
        "Credit": _object(
            file={"type": "string"},
            page=text,
            author=text,
            licence=text,
            licence_url=text,
            thumbnail=text,
        ),
    }


def _page(**more: Schema) -> Schema:
    return _object(**more, title={"type": "string"}, url={"type": "string"})


def _problem() -> Schema:
    return {
        "description": "Why there is no answer.",
        "headers": {
            "Retry-After": {
                "description": "Seconds after which to ask again, at 429 and 503.",
                "schema": {"type": "integer", "minimum": 1},
            }
        },
        "content": {"application/json": {"schema": _ref("Error")}},
    }


def _responses(answer: str, *problems: int) -> Schema:
    found: Schema = {
        "200": {
            "description": "The answer.",
            "content": {"application/json": {"schema": _ref(answer)}},
        }
    }
    return found | _refusals(*problems)


def _refusals(*statuses: int) -> Schema:
    everywhere = (400, 500)
    refused = {"$ref": "#/components/responses/Problem"}
    return {str(status): refused for status in sorted((*everywhere, *statuses))}


def _query(name: str, schema: Schema, description: str, *, required: bool = False) -> Schema:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema,
    }


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
