//! Every mapping of the format: its keys, what each takes, and what it says.
//!
//! Owns the tables from which the decoder refuses unknown keys, the JSON Schema is made and the manual's reference is
//! printed, so that the three cannot disagree. It refuses to know how a value is decoded.

use crate::case::{UploadHow, Via};

/// A mapping with named keys.
#[derive(Debug)]
pub struct Shape {
    /// Its name in the schema.
    pub name: &'static str,
    /// What it is, with an article.
    pub what: &'static str,
    /// Its keys in the order in which they are best written.
    pub keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What its value is.
    pub of: Of,
    /// Whether it has to be there.
    pub required: bool,
    /// What it says.
    pub says: &'static str,
}

/// What a value is.
#[derive(Debug)]
pub enum Of {
    /// Text, with `${...}` where a run knows more.
    Text,
    /// Whole text without variables.
    Plain,
    /// A name of the grammar `[a-z0-9-]+`.
    Name,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count,
    /// A length such as `3KiB`.
    Size,
    /// A time such as `200ms`.
    Time,
    /// Nothing.
    Null,
    /// Any JSON.
    Json,
    /// One of some words.
    Words(&'static [&'static str]),
    /// A list.
    List(&'static Of),
    /// A mapping from names to values.
    Map(&'static Of),
    /// A mapping of a certain shape.
    Shape(&'static Shape),
    /// Something the schema defines under this name.
    Named(&'static str),
    /// Either of these.
    Either(&'static [Of]),
}

const fn key(name: &'static str, of: Of, says: &'static str) -> Key {
    Key {
        name,
        of,
        required: false,
        says,
    }
}

const fn required(name: &'static str, of: Of, says: &'static str) -> Key {
    Key {
        name,
        of,
        required: true,
        says,
    }
}

const NODE_NAME: Of = Of::Name;
const NEEDS: Key = key("needs", Of::List(&Of::Name), "Capabilities that have to be there.");
const SETUP: Key = key(
    "setup",
    Of::List(&Of::Named("step")),
    "Steps that have to succeed before anything is judged.",
);
const CONTENT: Key = key(
    "content",
    Of::Map(&Of::Named("node")),
    "The content, as named nodes that refer to each other.",
);
const ALGORITHM: Key = key(
    "algorithm",
    Of::Words(ALGORITHMS),
    "The algorithm of the digest (sha256).",
);
const AFTER: Key = key(
    "after",
    Of::List(&NODE_NAME),
    "Nodes that `push` pushes before this one.",
);
const AUTH: Key = key(
    "auth",
    Of::Words(&["run", "anonymous", "wrong"]),
    "Which credentials go along (run).",
);
const TAG: Key = key("tag", Of::Text, "The tag; without it the digest is used.");

/// Names of digest algorithms.
pub const ALGORITHMS: &[&str] = &["sha256", "sha512"];
/// Names of upload ways.
pub const UPLOAD_HOW: &[&str] = &second(UploadHow::ALL);
/// Names of ways to discover.
pub const VIA: &[&str] = &second(Via::ALL);
/// JSON types.
pub const JSON_TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];
/// Orders of strings.
pub const SORT_ORDERS: &[&str] = &["bytes", "case-insensitive", "either"];
/// Levels.
pub const LEVELS: &[&str] = &["must", "must-not", "should", "should-not", "may"];
/// Whom a requirement binds.
pub const BINDS: &[&str] = &["registry", "document", "client"];

const fn second<T: Copy, const N: usize>(pairs: [(T, &'static str); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = pairs[at].1;
        at += 1;
    }
    words
}

/// A file of cases.
pub static FILE: Shape = Shape {
    name: "file",
    what: "a file of cases",
    keys: &[
        required("about", Of::Plain, "What the cases of the file have in common."),
        required("cases", Of::List(&Of::Shape(&CASE)), "The cases."),
    ],
};

/// A case.
pub static CASE: Shape = Shape {
    name: "case",
    what: "a case",
    keys: &[
        required("case", Of::Name, "The slug: the last part of the id."),
        required("says", Of::Plain, "One sentence: what a conforming registry does."),
        NEEDS,
        key(
            "repos",
            Of::List(&Of::Name),
            "Names of repositories beside the case's own.",
        ),
        key(
            "each",
            Of::Map(&Of::List(&Of::Named("each-value"))),
            "Variables; the case is run for every combination of their values.",
        ),
        CONTENT,
        SETUP,
        key("steps", Of::List(&Of::Named("step")), "What is done and judged."),
        key(
            "parse",
            Of::List(&Of::Shape(&PARSE)),
            "Documents and what a manifest parser owes them.",
        ),
    ],
};

/// What a value of `each` may say of itself.
pub static EACH_VALUE: Shape = Shape {
    name: "each-value-options",
    what: "a value of `each`",
    keys: &[
        key(
            "value",
            Of::Json,
            "The value, where its name in the id is not the value itself.",
        ),
        NEEDS,
    ],
};

/// A parse check.
pub static PARSE: Shape = Shape {
    name: "parse-check",
    what: "a parse check",
    keys: &[
        required("document", NODE_NAME, "The node that holds the document."),
        required(
            "expect",
            Of::Map(&Of::Either(&[Of::Words(&["accepted", "refused"]), Of::Shape(&REFUSED)])),
            "The verdict that each requirement demands.",
        ),
    ],
};

/// A refusal with a place.
pub static REFUSED: Shape = Shape {
    name: "refused-at",
    what: "a refusal",
    keys: &[required("refused", Of::Plain, "The JSON pointer to the fault.")],
};

/// The kinds of content nodes.
pub static NODE: Shape = Shape {
    name: "node",
    what: "a content node",
    keys: &[
        key("blob", Of::Shape(&BLOB), "Bytes, pushed as a blob."),
        key("slice", Of::Shape(&SLICE), "A part of another node."),
        key(
            "image",
            Of::Shape(&IMAGE),
            "An image manifest with its config and layers.",
        ),
        key("index", Of::Shape(&INDEX), "An image index."),
        key(
            "artifact",
            Of::Shape(&ARTIFACT),
            "An image manifest that carries an artifact.",
        ),
        key("json", Of::Shape(&JSON_NODE), "A manifest written out as JSON."),
        key("text", Of::Shape(&TEXT_NODE), "A manifest written out as text."),
    ],
};

/// A blob.
pub static BLOB: Shape = Shape {
    name: "blob",
    what: "a blob",
    keys: &[
        key("random", Of::Size, "So many bytes from the run's seed."),
        key("text", Of::Text, "The bytes of a text."),
        key("json", Of::Json, "A JSON document, printed compactly."),
        key("base64", Of::Plain, "Bytes in base64."),
        key("type", Of::Text, "The media type in descriptors (an image layer)."),
        ALGORITHM,
    ],
};

/// A slice.
pub static SLICE: Shape = Shape {
    name: "slice",
    what: "a slice",
    keys: &[
        required("of", NODE_NAME, "The node it is cut from."),
        key("from", Of::Size, "The first byte (0)."),
        required("to", Of::Size, "One past the last byte."),
    ],
};

const ANNOTATIONS: Key = key("annotations", Of::Map(&Of::Text), "Annotations of the manifest.");
const SUBJECT: Key = key("subject", NODE_NAME, "The node that `subject` names.");
const PAD: Key = key("pad", Of::Size, "Pads the document with an annotation to this length.");
const NONCE: Key = key(
    "nonce",
    Of::Flag,
    "Whether an annotation makes the document unlike any other (true).",
);
const SET: Key = key(
    "set",
    Of::Map(&Of::Json),
    "Values set at JSON pointers in the finished document.",
);
const REMOVE: Key = key(
    "remove",
    Of::List(&Of::Plain),
    "JSON pointers to what is removed from the finished document.",
);
const LAYERS: Key = key(
    "layers",
    Of::Either(&[Of::Count, Of::List(&CHILD)]),
    "The layers: how many random ones, or which (1).",
);
const CONFIG: Key = key("config", CHILD, "The config; generated unless it is given.");
const CHILD: Of = Of::Either(&[Of::Name, Of::Shape(&CHILD_NODE), Of::Shape(&CHILD_RANDOM)]);
const TYPE: Key = key("type", Of::Text, "The media type.");
const ARTIFACT_TYPE: Key = key("artifact-type", Of::Text, "The `artifactType`.");

/// A child with changes to its descriptor.
pub static CHILD_NODE: Shape = Shape {
    name: "child-node",
    what: "a child",
    keys: &[
        required("node", NODE_NAME, "The node."),
        key(
            "with",
            Of::Map(&Of::Json),
            "Members added to its descriptor or replaced in it.",
        ),
    ],
};

/// A generated child.
pub static CHILD_RANDOM: Shape = Shape {
    name: "child-random",
    what: "a child",
    keys: &[required("random", Of::Size, "A blob of so many random bytes.")],
};

/// An image.
pub static IMAGE: Shape = Shape {
    name: "image",
    what: "an image",
    keys: &[
        LAYERS,
        CONFIG,
        SUBJECT,
        ARTIFACT_TYPE,
        ANNOTATIONS,
        TYPE,
        ALGORITHM,
        PAD,
        NONCE,
        SET,
        REMOVE,
    ],
};

/// An index.
pub static INDEX: Shape = Shape {
    name: "index",
    what: "an index",
    keys: &[
        required(
            "manifests",
            Of::List(&Of::Either(&[Of::Name, Of::Shape(&CHILD_NODE)])),
            "The manifests it lists.",
        ),
        SUBJECT,
        ARTIFACT_TYPE,
        ANNOTATIONS,
        TYPE,
        ALGORITHM,
        PAD,
        NONCE,
        SET,
        REMOVE,
    ],
};

/// An artifact.
pub static ARTIFACT: Shape = Shape {
    name: "artifact",
    what: "an artifact",
    keys: &[
        required("type", Of::Text, "The `artifactType`."),
        SUBJECT,
        LAYERS,
        CONFIG,
        ANNOTATIONS,
        ALGORITHM,
        PAD,
        NONCE,
        SET,
        REMOVE,
    ],
};

/// A manifest written out as JSON.
pub static JSON_NODE: Shape = Shape {
    name: "json-node",
    what: "a JSON node",
    keys: &[required("value", Of::Json, "The document."), TYPE, AFTER, ALGORITHM],
};

/// A manifest written out as text.
pub static TEXT_NODE: Shape = Shape {
    name: "text-node",
    what: "a text node",
    keys: &[
        required("text", Of::Text, "The document, byte for byte."),
        TYPE,
        AFTER,
        ALGORITHM,
    ],
};

/// What every step may say.
pub static STEP: Shape = Shape {
    name: "step-options",
    what: "a step",
    keys: &[
        key("in", Of::Name, "The repository: a name under `repos` (the case's own)."),
        NEEDS,
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
    ],
};

const CAPTURE: Of = Of::Either(&[Of::Words(&["location", "body"]), Of::Shape(&CAPTURE_FROM)]);

/// A capture that names its place.
pub static CAPTURE_FROM: Shape = Shape {
    name: "capture",
    what: "a capture",
    keys: &[
        key("header", Of::Plain, "A header as it is."),
        key("json", Of::Plain, "What a JSON pointer leads to."),
        key("link", Of::Plain, "The target of the link with this relation."),
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
            key("query", Of::Map(&Of::Text), "Query parameters, encoded and appended."),
            key(
                "headers",
                Of::Map(&Of::Either(&[Of::Text, Of::List(&Of::Text)])),
                "Headers; a list sends the field several times.",
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
        key: key("gc", Of::Null, "Waits until the registry has collected its garbage."),
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
        options: &[key(
            "times",
            Of::Count,
            "In so many copies of each, which see their number as `${i}` (1).",
        )],
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

const MATCHERS: Of = Of::Either(&[Of::Shape(&MATCHER), Of::List(&Of::Shape(&MATCHER))]);

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

const JSON_OP: Of = Of::Either(&[Of::Named("scalar"), Of::List(&Of::Json), Of::Shape(&JSON)]);

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
        key("lacks", Of::Json, "An array without an element that includes this."),
        key("includes", Of::Json, "Every member and value here is there too."),
        key("length", Of::Count, "An array or object of this length."),
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

/// A document of the catalogue.
pub static DOCUMENT: Shape = Shape {
    name: "document",
    what: "a document",
    keys: &[
        required("document", Of::Name, "The short name, as in the file's name."),
        required("title", Of::Plain, "The title that reports show."),
        required(
            "versions",
            Of::Map(&Of::Plain),
            "Versions, oldest first, and where each is published.",
        ),
        required("requirements", Of::List(&Of::Shape(&REQUIREMENT)), "The requirements."),
    ],
};

/// A requirement.
pub static REQUIREMENT: Shape = Shape {
    name: "requirement",
    what: "a requirement",
    keys: &[
        required("id", Of::Name, "The id that expectations cite."),
        required("area", Of::Name, "The part of the catalogue."),
        key("level", Of::Words(LEVELS), "The level in every version."),
        key(
            "levels",
            Of::Map(&Of::Words(LEVELS)),
            "The level in each version that has it.",
        ),
        key("page", Of::Plain, "The page, where it is not the document's main page."),
        required("section", Of::Plain, "The heading."),
        key(
            "anchor",
            Of::Either(&[Of::Plain, Of::Map(&Of::Plain)]),
            "The fragment of the heading, or that of each version.",
        ),
        required("text", Of::Plain, "Our paraphrase."),
        key(
            "derived",
            Of::Shape(&DERIVED),
            "Set if no keyword of the document says it.",
        ),
        key("binds", Of::Words(BINDS), "Whom it binds (registry)."),
        NEEDS,
        key("untested", Of::Plain, "Why no case judges it."),
        key("note", Of::Plain, "History, ambiguity, and how it is read."),
    ],
};

/// The source of a derived requirement.
pub static DERIVED: Shape = Shape {
    name: "derived",
    what: "the source of a derived requirement",
    keys: &[required("from", Of::Plain, "What it follows from.")],
};

/// The file of profiles.
pub static PROFILES: Shape = Shape {
    name: "profiles",
    what: "the file of profiles",
    keys: &[required("profiles", Of::List(&Of::Shape(&PROFILE)), "The profiles.")],
};

/// A profile.
pub static PROFILE: Shape = Shape {
    name: "profile",
    what: "a profile",
    keys: &[
        required("profile", Of::Name, "The name given to `--profile`."),
        required("says", Of::Plain, "One sentence."),
        required("documents", Of::Map(&Of::Plain), "Documents and the version of each."),
    ],
};

/// The file of capabilities.
pub static CAPABILITIES: Shape = Shape {
    name: "capabilities",
    what: "the file of capabilities",
    keys: &[required(
        "capabilities",
        Of::List(&Of::Shape(&CAPABILITY)),
        "The capabilities.",
    )],
};

/// A capability.
pub static CAPABILITY: Shape = Shape {
    name: "capability",
    what: "a capability",
    keys: &[
        required("capability", Of::Name, "The name used in `needs`."),
        required("says", Of::Plain, "One sentence."),
        NEEDS,
        CONTENT,
        SETUP,
        key(
            "steps",
            Of::List(&Of::Named("step")),
            "The probe; the last answer decides.",
        ),
        key("absent", Of::List(&MATCHERS), "Answers by which a registry declines."),
        key("allowed-by", Of::Plain, "What lets a registry decline."),
        key(
            "from-run",
            Of::Flag,
            "Given by how the tool is called, never probed (false).",
        ),
    ],
};

/// The file of what is always judged.
pub static ALWAYS: Shape = Shape {
    name: "always",
    what: "the file of what is always judged",
    keys: &[required("always", Of::List(&Of::Shape(&ALWAYS_RULE)), "The rules.")],
};

/// A rule that is judged on every exchange.
pub static ALWAYS_RULE: Shape = Shape {
    name: "always-rule",
    what: "a rule",
    keys: &[
        key("when", MATCHERS, "Only answers that satisfy this."),
        key("methods", Of::List(&Of::Plain), "Only requests with these methods."),
        required("expect", Of::Map(&MATCHERS), "Requirement ids and what each demands."),
    ],
};
