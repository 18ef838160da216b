//! Skills and capabilities.

use super::check;

#[test]
fn capabilities() {
    check(
        r##"caps: { http: https://a.org, log: yes, net: true, tools: [x], memory: true }
steps:
  - id: words
    uses: std/text#stats
    with: { text: "hi" }
"##,
        r##"4:15 wrong-shape: `caps.http` is a string, expected a list of what is allowed
    for example `http: ["GET https://api.example.com/v1/**"]`
4:35 wrong-shape: `caps.log` is a string, expected `true` or `false`
    write `true` to grant it
4:40 unknown-key: there is no capability `net`
    the capabilities are: `http`, `fs`, `kv`, `config`, `secrets`, `llm`, `sql`, `tools`, `log`, `clock` and 1 more
4:59 bad-grant: `x` is not a grant of a tool: it names no operation: `#` and its name, or `#*` for all of them
    write `NAMESPACE/NAME#OPERATION or NAMESPACE/NAME#*`, as in `std/text#stats`
4:63 unsupported-key: the capability `memory` is not supported yet by this version
    remove it; nothing is ignored silently
"##,
    );
    check(
        r##"steps:
  - { id: a, uses: acme/note, with: { text: x } }
"##,
        r##"5:20 capability-not-granted: `acme/note` needs the capability `log`, which the pipeline's `caps` does not grant
    if that is intended, add `caps: { log: true }` to the pipeline
"##,
    );
    check(
        r##"caps: { log: true }
steps:
  - { id: a, uses: acme/note, with: { text: x }, caps: { random: true } }
"##,
        r##"6:20 capability-not-granted: `acme/note` needs the capability `log`, which `steps[0].caps` does not grant
    if that is intended, add `log: true` to `steps[0].caps`
6:66 caps-too-wide: the step grants `random`, which the pipeline does not
    a step can only narrow what the pipeline grants: widen the pipeline's `caps`, or narrow this
"##,
    );
    check(
        r##"caps: { log: true, clock: true, random: false }
steps:
  - { id: a, uses: acme/note, with: { text: x } }
"##,
        r##"4:20 unused-capability: the pipeline grants `clock`, and no step can use it
    remove it
"##,
    );
    check(
        r##"caps: { log: true, random: true }
steps:
  - { id: a, uses: acme/note, with: { text: x }, caps: { log: true, random: true } }
  - id: each
    caps: { log: true, random: false }
    map: { over: [1], steps: [{ id: b, uses: std/text#stats, with: { text: x } }] }
"##,
        r##"4:20 unused-capability: the pipeline grants `random`, and no step can use it
    remove it
6:69 unused-capability: the step grants `random`, and nothing in it can use it
    remove it
8:13 unused-capability: the step grants `log`, and nothing in it can use it
    remove it
"##,
    );
    // What says no in so many words.
    check(
        r##"caps: { http: ["GET https://api.example.com/**"], log: true }
steps:
  - { id: a, uses: std/web, with: { url: x }, caps: { http: [] } }
  - { id: b, uses: acme/note, with: { text: x }, caps: { log: false } }
"##,
        r##"6:20 capability-not-granted: `std/web` needs the capability `http`, which `steps[0].caps` does not grant
    6:61 grants nothing
    an empty list allows no request at all; if some are intended, list them: `http: ["GET https://api.example.com/**"]`
7:20 capability-not-granted: `acme/note` needs the capability `log`, which `steps[1].caps` does not grant
    7:63 grants nothing
    if that is intended, write `log: true` in `steps[1].caps`
"##,
    );
    check(
        r##"caps: { http: ["https://example.com/*", "GET https://example.com/a*", "https://*"] }
steps:
  - { id: a, uses: std/web, with: { url: x } }
"##,
        r##"4:16 bad-grant: `https://example.com/*` is not an HTTP grant: `*` stands elsewhere than in a final `/**`
    `/**` at the end is everything below, and a host alone every path: `https://example.com/**`
4:41 bad-grant: `GET https://example.com/a*` is not an HTTP grant: `*` stands elsewhere than in a final `/**`
    `/**` at the end is everything below, and a host alone every path: `GET https://example.com/a/**`
"##,
    );
    check(
        r##"caps: { http: ["GET https://a.org/**", 3, "ftp://x"] }
steps:
  - { id: a, uses: std/web, with: { url: x }, caps: { http: ["https://a.org"] } }
"##,
        r##"4:40 wrong-shape: `caps.http[1]` is a number, expected a string
    for example `http: ["GET https://api.example.com/v1/**"]`
4:43 bad-grant: `ftp://x` is not an HTTP grant: the scheme is neither `http` nor `https`
    write `[METHOD ]scheme://host[:port][/path]`, as in `GET https://api.example.com/v1/**`
"##,
    );
}

#[test]
fn skills_that_are_not_there_or_not_trusted() {
    check(
        r##"steps:
  - { id: a, uses: Std/Text }
  - { id: b, uses: "std/text@latest#stats" }
  - { id: c, uses: std/text@^3#stats }
  - { id: d, uses: std/jsn#query }
  - { id: e, uses: std/text }
  - { id: f, uses: std/text#statz }
  - { id: g, uses: acme/tampered }
  - { id: h, uses: acme/odd, with: { text: x } }
"##,
        r##"5:20 bad-skill-reference: `Std` is not a name: expected lower-case letters, digits and single `-`, a letter first, at most 64
    write `namespace/name#operation`, as in `std/text@^1#stats`
6:20 bad-skill-reference: `latest` is not a version requirement: unexpected character 'l' while parsing major version number
    write `namespace/name#operation`, as in `std/text@^1#stats`
7:20 no-version: no version of `std/text` satisfies `^3`
    there are `1.0.0`
8:20 unknown-skill: there is no skill `std/jsn`
    did you mean `std/json`?
9:20 operation-needed: `std/text` has 2 operations, expected `#` and one of them
    write `std/text#stats`; there are `stats`, `split`
10:20 unknown-operation: `std/text` has no operation `statz`
    did you mean `stats`?
11:20 skill-refused: `acme/tampered` is refused: the digest of the component is sha256:11…, the signed one is sha256:22…
    don't work around it: ask the registry's owner, or restore the registry from a copy you trust
12:20 unknown-import: `acme/odd` imports `wasi:sockets/tcp@0.2.6`, which this version does not offer
    choose another version of the skill, or a later version of coldframe
"##,
    );
}

#[test]
fn tools() {
    check(
        r##"caps: { tools: ["std/txt#stats", "std/text#stat", "std/*", "std/json@^9#*", "std/json@^1#*", "std/json#query"] }
steps:
  - { id: a, uses: acme/agent, with: { text: x } }
"##,
        r##"4:17 unknown-skill: there is no skill `std/txt`
    did you mean `std/text`?
4:34 unknown-operation: `std/text` has no operation `stat`
    did you mean `stats`?
4:51 bad-grant: `std/*` names no skill, and what a pipeline lets its steps call is looked up before it runs
    name the skills: `std/text#stats` or `std/text#*`
4:60 no-version: no version of `std/json` satisfies `^9`
    there are `2.0.0`, `1.1.0`
4:94 bad-grant: `std/json#query` would be that of 1.1.0 and that of 2.0.0
    name one version: a guest calls a tool without one
"##,
    );
    // What only tools use is of use.
    check(
        r##"caps: { tools: ["acme/note#*"], log: true, random: true }
steps:
  - { id: a, uses: acme/agent, with: { text: x } }
"##,
        r##"4:44 unused-capability: the pipeline grants `random`, and no step can use it
    remove it
"##,
    );
    check(
        r##"caps: { tools: ["std/text#*"] }
steps:
  - { id: a, uses: acme/agent, with: { text: x }, caps: { tools: ["std/json#query"] } }
"##,
        r##"6:66 caps-too-wide: the step grants `tools: std/json#query`, which the pipeline does not
    a step can only narrow what the pipeline grants: widen the pipeline's `caps`, or narrow this
"##,
    );
}
