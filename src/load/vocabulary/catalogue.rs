//! The words of the catalogue: documents, profiles, capabilities and what is judged on every exchange.

use super::*;

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
        REPOS,
        CONTENT,
        SETUP,
        key(
            "steps",
            Of::List(&Of::Named("step")),
            "The probe; the last answer decides.",
        ),
        key(
            "reading",
            Of::List(&Of::Named("step")),
            "The probe, without setup, of a run that only reads; without it, a probe that writes is left out.",
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
        key(
            "path",
            Of::Plain,
            "Only requests of steps, in whose path this regular expression finds something.",
        ),
        key(
            "unanswered",
            Of::Flag,
            "Also requests that are never answered, though the registry answers others (false).",
        ),
        key(
            "astray",
            Of::Words(LISTS),
            "Only where a link of this list leads to what is no page of it, or back to a page before.",
        ),
        required("expect", Of::Map(&MATCHERS), "Requirement ids and what each demands."),
    ],
};

/// The file of known failures.
pub static KNOWN_FAILURES: Shape = Shape {
    name: "known-failures",
    what: "the file of known failures",
    keys: &[required("known", Of::List(&Of::Shape(&KNOWN)), "The known failures.")],
};

/// A known failure.
pub static KNOWN: Shape = Shape {
    name: "known",
    what: "a known failure",
    keys: &[
        key("case", Of::Plain, "The cases it is about: a glob on ids (all)."),
        key("requirement", Of::Name, "The requirement that is broken (any)."),
        required("reason", Of::Plain, "Why it is put off."),
        key("until", Of::Plain, "The last day on which it counts: YYYY-MM-DD."),
    ],
};
