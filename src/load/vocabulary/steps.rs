//! The words of steps: verbs and what each takes.

use super::*;

/// What every step may say.
pub static STEP: Shape = Shape {
    name: "step-options",
    what: "a step",
    keys: &[
        key("in", Of::Name, "The repository: a name under `repos` (the case's own)."),
        NEEDS,
        key("if", Of::Name, "Left out unless an earlier answer had this capture."),
        key(
            "expect",
            Of::Map(&MATCHERS),
            "Requirement ids and what each demands of the answer.",
        ),
        key(
            "record",
            Of::Map(&Of::Map(&MATCHERS)),
            "Facts: names, and by what each of their values is recognised.",
        ),
        key("capture", Of::Map(&CAPTURE), "What later steps need of the answer."),
        key(
            "within",
            Of::Time,
            "Repeat until every expectation holds, for at most this long.",
        ),
        key(
            "continue-if",
            MATCHERS,
            "Unless the answer is like this, the steps after it are left out.",
        ),
    ],
};

pub(super) const CAPTURE: Of = Of::Either(&[Of::Words(&["location", "body"]), Of::Shape(&CAPTURE_FROM)]);

/// A capture that names its place.
pub static CAPTURE_FROM: Shape = Shape {
    name: "capture",
    what: "a capture",
    keys: &[
        key("header", Of::Plain, "A header, several lines of it as one list."),
        key(
            "json",
            Of::Either(&[Of::Plain, Of::List(&Of::Plain)]),
            "What a JSON pointer leads to; of several, the first that leads to more than null or an empty text.",
        ),
        key("link", Of::Plain, "The target of the link with this relation."),
        key(
            "find",
            Of::Plain,
            "Only what the first group of a regular expression finds in it.",
        ),
        key("otherwise", Of::Text, "What is kept if the answer does not have it."),
    ],
};

/// A verb of steps: its key and the options that only it has.
#[derive(Debug)]
pub struct Verb {
    /// The key and what it takes.
    pub key: Key,
    /// Further keys.
    pub options: &'static [Key],
    /// Whether there is an answer: something to expect, record and capture.
    pub answers: bool,
}

/// Every verb.
pub static VERBS: &[Verb] = &[
    Verb {
        key: key("send", Of::Text, "One request: `METHOD target`."),
        options: &[
            key(
                "query",
                Of::Map(&Of::Either(&[Of::Text, Of::List(&Of::Text)])),
                "Query parameters, encoded and appended; a list gives the parameter several times.",
            ),
            key(
                "headers",
                Of::Map(&Of::Either(&[Of::Text, Of::List(&Of::Text)])),
                "Headers; a list sends the field several times, an empty list not at all.",
            ),
            key(
                "body",
                Of::Either(&[Of::Name, Of::Shape(&BODY)]),
                "A node, or text, JSON or a stream.",
            ),
            key(
                "redirects",
                Of::Words(&["follow", "keep"]),
                "Whether redirects are followed (follow).",
            ),
            key(
                "busy",
                Of::Words(&["wait", "keep"]),
                "Whether 408, 429, and 503 with `Retry-After` are waited out (wait).",
            ),
            AUTH,
            key(
                "wire",
                Of::Words(&["auto", "raw"]),
                "Which transport carries it (auto).",
            ),
        ],
        answers: true,
    },
    Verb {
        key: key("push", NODE_NAME, "Pushes a node with everything it refers to."),
        options: &[TAG, key("alone", Of::Flag, "Without what it refers to (false).")],
        answers: true,
    },
    Verb {
        key: key("pull", NODE_NAME, "Downloads a node."),
        options: &[TAG],
        answers: true,
    },
    Verb {
        key: key("head", NODE_NAME, "Asks for the headers of a node."),
        options: &[TAG],
        answers: true,
    },
    Verb {
        key: key("upload", NODE_NAME, "Uploads a blob in a certain way."),
        options: &[key("how", Of::Words(UPLOAD_HOW), "The way (post-then-put).")],
        answers: true,
    },
    Verb {
        key: key("mount", NODE_NAME, "Asks for a blob of another repository."),
        options: &[key(
            "from",
            Of::Name,
            "The repository that has it: a name under `repos`, or `repo`.",
        )],
        answers: true,
    },
    Verb {
        key: key("discover", NODE_NAME, "Lists the referrers of a node, all pages."),
        options: &[
            key("via", Of::Words(VIA), "The API (oci)."),
            key("artifact-type", Of::Text, "Only those of this type."),
            key("n", Of::Text, "At most so many in a page (`oras`, `oras-draft`)."),
        ],
        answers: true,
    },
    Verb {
        key: key(
            "tags",
            Of::Either(&[Of::Null, Of::Shape(&TAGS)]),
            "Lists the tags, all pages.",
        ),
        options: &[],
        answers: true,
    },
    Verb {
        key: key(
            "token",
            Of::Shape(&TOKEN),
            "Asks the token service that a challenge names for a token.",
        ),
        options: &[AUTH],
        answers: true,
    },
    Verb {
        key: key(
            "delete",
            Of::Either(&[Of::Name, Of::Shape(&DELETE)]),
            "Deletes a node by its digest, or a tag.",
        ),
        options: &[],
        answers: true,
    },
    Verb {
        key: key(
            "gc",
            Of::Either(&[Of::Null, Of::Words(&["dry-run"])]),
            "Waits until the registry has collected its garbage, or found out what it would collect.",
        ),
        options: &[],
        answers: false,
    },
    Verb {
        key: key("wait", Of::Time, "Does nothing for a while."),
        options: &[],
        answers: false,
    },
    Verb {
        key: key("together", Of::List(&Of::Named("step")), "Runs its steps at once."),
        options: &[
            key(
                "times",
                Of::Count,
                "In so many copies of each, which see their number as `${i}` (1).",
            ),
            key(
                "at-once",
                Of::Count,
                "At most so many of all these steps are under way at the same time (128).",
            ),
            key(
                "own",
                Of::List(&Of::Name),
                "Nodes of which every copy has its own, the same for the same number.",
            ),
        ],
        answers: false,
    },
];

/// The body of a request, where it is not just a node.
pub static BODY: Shape = Shape {
    name: "body",
    what: "a body",
    keys: &[
        key("node", NODE_NAME, "The bytes of a node, with their length."),
        key("stream", NODE_NAME, "The bytes of a node in chunked transfer encoding."),
        key(
            "cut",
            Of::Size,
            "Beside `node`: only so many bytes, then the connection is closed; there is no answer.",
        ),
        key(
            "after",
            Of::Text,
            "Beside `node`: only the bytes after this `Range`, with their `Content-Range`.",
        ),
        key("text", Of::Text, "A text."),
        key("json", Of::Json, "A JSON document."),
    ],
};

/// Options of `tags`.
pub static TAGS: Shape = Shape {
    name: "tags",
    what: "the options of `tags`",
    keys: &[
        key("n", Of::Text, "At most so many in a page."),
        key("last", Of::Text, "Only those after this tag."),
    ],
};

/// What `token` asks for.
pub static TOKEN: Shape = Shape {
    name: "token",
    what: "what a token is asked for with",
    keys: &[
        required(
            "challenge",
            Of::Text,
            "The value of a `WWW-Authenticate` field with a Bearer challenge.",
        ),
        key("scope", Of::List(&Of::Text), "The scopes."),
    ],
};

/// What `delete` deletes.
pub static DELETE: Shape = Shape {
    name: "delete",
    what: "what is deleted",
    keys: &[required("tag", Of::Text, "The tag.")],
};
