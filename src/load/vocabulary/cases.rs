//! The words of a case file: cases, parse checks and content nodes.

use super::*;

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
        REPOS,
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
        key(
            "given",
            Of::Words(GIVEN_PARTS),
            "What the registry has already, in a run that only reads.",
        ),
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

pub(super) const ANNOTATIONS: Key = key("annotations", Of::Map(&Of::Text), "Annotations of the manifest.");
pub(super) const SUBJECT: Key = key("subject", NODE_NAME, "The node that `subject` names.");
pub(super) const PAD: Key = key("pad", Of::Size, "Pads the document with an annotation to this length.");
pub(super) const NONCE: Key = key(
    "nonce",
    Of::Flag,
    "Whether an annotation makes the document unlike any other (true).",
);
pub(super) const SET: Key = key(
    "set",
    Of::Map(&Of::Json),
    "Values set at JSON pointers in the finished document.",
);
pub(super) const REMOVE: Key = key(
    "remove",
    Of::List(&Of::Plain),
    "JSON pointers to what is removed from the finished document.",
);
pub(super) const LAYERS: Key = key(
    "layers",
    Of::Either(&[Of::Count, Of::List(&CHILD)]),
    "The layers: how many random ones, or which (1).",
);
pub(super) const CONFIG: Key = key("config", CHILD, "The config; generated unless it is given.");
pub(super) const CHILD: Of = Of::Either(&[Of::Name, Of::Shape(&CHILD_NODE), Of::Shape(&CHILD_RANDOM)]);
pub(super) const TYPE: Key = key("type", Of::Text, "The media type.");
pub(super) const ARTIFACT_TYPE: Key = key("artifact-type", Of::Text, "The `artifactType`.");

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
    what: "a generated child",
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
    keys: &[
        required("value", Of::Json, "The document."),
        TYPE,
        AFTER,
        ALGORITHM,
        key(
            "signed",
            Of::Flag,
            "Whether it gets a signature as manifests of Docker's first schema have it; its digest is that of the rest.",
        ),
    ],
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
