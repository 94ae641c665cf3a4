//! The words of demands on an answer.

use super::*;

/// Demands: a mapping, or a list of them.
pub const MATCHERS: Of = Of::Either(&[Of::Shape(&MATCHER), Of::List(&Of::Shape(&MATCHER))]);

/// Demands on an answer.
pub static MATCHER: Shape = Shape {
    name: "matchers",
    what: "a matcher",
    keys: &[
        key(
            "status",
            Of::Named("status"),
            "A code, a class such as `4xx`, or a list of them.",
        ),
        key(
            "header",
            Of::Map(&Of::Either(&[Of::Text, Of::Shape(&HEADER)])),
            "Header fields and what their values have to be.",
        ),
        key("json", Of::Map(&JSON_OP), "JSON pointers and what has to be there."),
        key(
            "challenge",
            Of::Map(&JSON_OP),
            "JSON pointers into the challenges of `WWW-Authenticate`, such as `/bearer/realm`, and what has to be there.",
        ),
        key("content", NODE_NAME, "The body is exactly this node."),
        key(
            "body",
            Of::Either(&[Of::Words(&["empty", "not-empty", "json"]), Of::Shape(&BODY_MATCHER)]),
            "The body as a whole.",
        ),
        key(
            "error",
            Of::Either(&[Of::Plain, Of::List(&Of::Plain), Of::Shape(&ERROR)]),
            "Error codes, one of which has to be there.",
        ),
        key(
            "link",
            Of::Map(&Of::Words(&["present", "absent"])),
            "Relations of the `Link` header.",
        ),
        key("any", Of::List(&Of::Named("demand")), "At least one of these holds."),
        key("not", Of::Named("demand"), "This does not hold."),
    ],
};

/// A demand on JSON: a scalar or a list that it equals, or a mapping.
pub const JSON_OP: Of = Of::Either(&[Of::Named("scalar"), Of::List(&Of::Json), Of::Shape(&JSON)]);

/// Demands on a header.
pub static HEADER: Shape = Shape {
    name: "header",
    what: "a header matcher",
    keys: &[
        key("equals", Of::Text, "Exactly this."),
        key("one-of", Of::List(&Of::Text), "One of these."),
        key("present", Of::Flag, "There is one."),
        key("absent", Of::Flag, "There is none."),
        key("matches", Of::Plain, "A regular expression finds something in it."),
        key("list-contains", Of::Text, "The comma-separated list has this element."),
        key("list-lacks", Of::Text, "The comma-separated list lacks this element."),
        key(
            "media-type",
            Of::Text,
            "This media type; case and parameters do not count.",
        ),
        key("digest-of", NODE_NAME, "A digest of this node."),
        key("digest-of-body", Of::Flag, "A digest of the body."),
        key("digest-of-sent", Of::Flag, "A digest of the body that was sent."),
        key(
            "end-of-sent",
            Of::Flag,
            "`0-` and the last byte of the `Content-Range` that was sent.",
        ),
        key(
            "part",
            Of::Text,
            "These bytes of a whole, such as `0-99/2048`; the length may be `*`.",
        ),
        key("url", Of::Flag, "A URL or a relative reference."),
        key("length-of", NODE_NAME, "The length of this node."),
        key(
            "quoted-at-most",
            Of::Count,
            "The texts in double quotes have at most so many bytes, over all lines.",
        ),
        key("optional", Of::Flag, "A missing field is fine."),
    ],
};

/// Demands on JSON.
pub static JSON: Shape = Shape {
    name: "json",
    what: "a JSON matcher",
    keys: &[
        key("equals", Of::Json, "Equal as JSON."),
        key("one-of", Of::List(&Of::Json), "Equal to one of these."),
        key("present", Of::Flag, "Something is there."),
        key("absent", Of::Flag, "Nothing is there."),
        key("contains", Of::Json, "An array with an element that includes this."),
        key(
            "lacks",
            Of::Json,
            "An array, or null, without an element that includes this.",
        ),
        key("includes", Of::Json, "Every member and value here is there too."),
        key(
            "length",
            Of::Count,
            "An array or object of this length; null counts as empty.",
        ),
        key("min-length", Of::Count, "An array or object of at least this length."),
        key("max-length", Of::Count, "An array or object of at most this length."),
        key("at-least", Of::Count, "A number that is not less than this."),
        key(
            "items",
            Of::List(&Of::Json),
            "An array of these, in any order, and no others.",
        ),
        key("type", Of::Words(JSON_TYPES), "Of this type."),
        key("sorted", Of::Words(SORT_ORDERS), "An array of strings in this order."),
        key("unique", Of::Plain, "No two elements are equal at this JSON pointer."),
        key(
            "every",
            Of::Map(&Of::Named("json-op")),
            "Every element satisfies these.",
        ),
        key(
            "matches",
            Of::Plain,
            "A string in which a regular expression finds something.",
        ),
    ],
};

/// Demands on the whole body.
pub static BODY_MATCHER: Shape = Shape {
    name: "body-matcher",
    what: "a body matcher",
    keys: &[required(
        "matches",
        Of::Plain,
        "A regular expression finds something in it.",
    )],
};

/// Demands on errors.
pub static ERROR: Shape = Shape {
    name: "error",
    what: "an error matcher",
    keys: &[
        required("codes", Of::List(&Of::Plain), "One of these codes is there."),
        key("required", Of::Flag, "Even a body that is not JSON fails (false)."),
    ],
};
