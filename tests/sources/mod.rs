//! Secrets from where a build with features can ask: Vault and AWS Secrets Manager, faked on loopback
//! ports, and the real keyring of the kernel. A value arrives in the header it is for and stands nowhere else; a place that
//! gives none ends a run before there is one.

mod aws;
mod fake;
#[cfg(target_os = "linux")]
mod keychain;
mod vault;

use std::path::Path;

use fake::{Answer, Asked, Fake};
use libtest_mimic::{Failed, Trial};

use crate::world::World;

/// The tests. Those of a build without a feature are that it says so.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    if cfg!(feature = "vault") {
        trials.push(Trial::test("sources/vault", || vault::all().map_err(Failed::from)));
        trials.push(Trial::test("sources/vault_late", || vault::late().map_err(Failed::from)));
    } else {
        let lacks = || without("vault:secret/api#key", "Vault");
        trials.push(Trial::test("sources/no_vault", move || lacks().map_err(Failed::from)));
    }
    if cfg!(feature = "aws") {
        trials.push(Trial::test("sources/aws", || aws::all().map_err(Failed::from)));
        trials.push(Trial::test("sources/aws_late", || aws::late().map_err(Failed::from)));
    } else {
        let lacks = || without("aws:prod/api#key", "AWS Secrets Manager");
        trials.push(Trial::test("sources/no_aws", move || lacks().map_err(Failed::from)));
    }
    if !cfg!(feature = "keychain") {
        let lacks = || without("keychain:api/ann", "the keychain");
        trials.push(Trial::test("sources/no_keychain", move || lacks().map_err(Failed::from)));
    }
    #[cfg(target_os = "linux")]
    if cfg!(feature = "keychain") {
        trials.push(Trial::test("sources/keychain", || keychain::all().map_err(Failed::from)));
    }
    trials
}

/// A text that may stand nowhere, or the beginning of several.
const CANARY: &str = "canary-4417";
/// The value.
const VALUE: &str = "canary-4417-value-of-a-secret";

/// A place to run things in, with a server that the secret is for.
struct Place {
    world: World,
    origin: Fake,
    /// What the environment says, as a shell does.
    env: String,
}

impl Place {
    fn new(env: String) -> Result<Self, String> {
        let world = World::new();
        let wit = "package t:t; world w { import coldframe:host/secrets@0.1.0;
            import wasi:http/outgoing-handler@0.2.6;
            export f: func(host: string, path: string, secret: string, name: string, place: u32)
                -> string; }";
        let core = include_str!("../adversary/data/secrets.wat");
        let wasm = coldframe_guests::try_encode(wit, core)?;
        std::fs::write(world.work().join("send.wasm"), wasm).map_err(|e| e.to_string())?;
        Ok(Self { world, origin: Fake::start(|_| Answer::Says(200, "ok".to_owned()))?, env })
    }

    /// Runs a line of shell and gives its exit code with everything it said, which holds no canary.
    fn shell(&self, env: &str, line: &str) -> Result<(Option<i32>, String), String> {
        let output = self.world.shell(&format!("export {} {env}; {line}", self.env));
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        if text.contains(CANARY) {
            return Err(format!("{line}: what is for nobody was printed:\n{text}"));
        }
        Ok((output.status.code(), text))
    }

    /// Calls the component with the secret from `source`.
    fn call(&self, env: &str, source: &str) -> Result<(Option<i32>, String), String> {
        let port = self.origin.port;
        self.shell(
            env,
            &format!(
                "coldframe -q call send.wasm#f --unsigned --grant http=http://127.0.0.1:{port} \
                 --grant 'secrets=key for http://127.0.0.1:{port} in authorization' --secret \
                 'key={source}' --input host=127.0.0.1:{port} --input path=/ --input secret=key \
                 --input name=authorization --input place=0"
            ),
        )
    }

    /// The value arrives.
    fn gives(&self, env: &str, source: &str) -> Result<(), String> {
        let (code, text) = self.call(env, source)?;
        let sent = self.origin.taken();
        let arrived = sent.iter().map(|asked| asked.header("authorization")).collect::<Vec<_>>();
        if code != Some(0) || arrived != [format!("Bearer {VALUE}")] {
            return Err(format!("{source} with {env:?}: {code:?}, sent {arrived:?}:\n{text}"));
        }
        Ok(())
    }

    /// Nothing is run, for this reason.
    fn refuses(&self, env: &str, source: &str, why: &str) -> Result<(), String> {
        let (code, text) = self.call(env, source)?;
        let sent = self.origin.taken().len();
        let said = text.contains("`key`") && text.contains(why) && text.contains("help: ");
        if code != Some(2) || !said || sent > 0 {
            return Err(format!("{source} with {env:?}: {code:?}, expected {why:?}:\n{text}"));
        }
        Ok(())
    }

    /// The file that opens a server is no file for skills, however widely files are granted.
    fn closes(&self, env: &str, source: &str, file: &str) -> Result<(), String> {
        let wit = "package t:t; world w { import coldframe:host/fs@0.1.0;
            export f: func(what: u32, path: string, times: u32, size: u32) -> string; }";
        let core = include_str!("../adversary/data/files.wat");
        let wasm = coldframe_guests::try_encode(wit, core)?;
        std::fs::write(self.world.work().join("files.wasm"), wasm).map_err(|e| e.to_string())?;
        let line = format!(
            "coldframe -q call files.wasm#f --unsigned --grant 'fs=read *' --grant 'secrets=key for \
             https://a.test in authorization' --secret 'key={source}' --input what=0 --input \
             path={file} --input times=1 --input size=6"
        );
        let (code, text) = self.shell(env, &line)?;
        if code != Some(5) || !text.contains("denied.path") {
            return Err(format!("{file} was read: {code:?}: {text}"));
        }
        Ok(())
    }

    /// A run with the secret waits for a person and goes on from another folder, where the server
    /// is asked again. A run whose secret is not there is none.
    fn runs(&self, source: &str, nothing: &str) -> Result<(), String> {
        let port = self.origin.port;
        let work = self.world.work();
        let rights = format!(
            "http = [\"http://127.0.0.1:{port}\"]\nsecrets = [\"key for http://127.0.0.1:{port} in authorization\"]"
        );
        let manifest = format!(
            "id = \"acme/send\"\nversion = \"1.0.0\"\ndescription = \"Sends\"\nlicense = \"MIT\"\n\n[capabilities]\n{rights}\n"
        );
        let call = format!(
            "uses: acme/send#f, with: {{ host: \"127.0.0.1:{port}\", path: /, secret: key, name: authorization, place: 0 }}"
        );
        let caps = rights.replace(" = ", ": ").replace('\n', ", ");
        let pipeline = format!(
            "apiVersion: coldframe/v1\nkind: Pipeline\nmetadata: {{ name: send }}\ncaps: {{ {caps} }}\n\
             steps:\n  - {{ id: before, {call} }}\n  - {{ id: ok, needs: before, approve: {{ message: Go on? }} }}\n  - {{ id: after, needs: ok, {call} }}\n"
        );
        for folder in ["send", "other"] {
            std::fs::create_dir_all(work.join(folder)).map_err(|e| e.to_string())?;
        }
        for (name, text) in [("send/skill.toml", manifest), ("send.yml", pipeline)] {
            std::fs::write(work.join(name), text).map_err(|e| format!("{name}: {e}"))?;
        }
        let prepare = "coldframe -q registry init reg && coldframe -q skill publish send --component send.wasm --to reg";
        let none = format!("coldframe --registry reg run send.yml --secret 'key={nothing}'");
        let run = format!("coldframe --registry reg run send.yml --secret 'key={source}'");
        let go_on = r#"ID=$(coldframe runs list -n 1 --format json | grep -o '"run_id": "[^"]*' | cut -d'"' -f4) && cd other && coldframe -q runs approve $ID --by ann"#;
        for (line, expected, sent) in [
            (prepare, 0, 0),
            (&none, 2, 0),
            ("! coldframe runs list --format json | grep run_id", 0, 0),
            (&run, 6, 1),
            (go_on, 0, 1),
            ("coldframe runs show", 0, 0),
            ("coldframe runs replay", 0, 0),
        ] {
            let (code, text) = self.shell("", line)?;
            let arrived = self.origin.taken();
            let value = format!("Bearer {VALUE}");
            let right = arrived.iter().all(|asked| asked.header("authorization") == value);
            if code != Some(expected) || arrived.len() != sent || !right {
                return Err(format!("{line}: {code:?}, sent {arrived:?}:\n{text}"));
            }
        }
        without_canary(self.world.root())
    }
}

/// A build without the feature knows the scheme, and names what it lacks.
fn without(source: &str, of: &str) -> Result<(), String> {
    let place = Place::new("A=b".to_owned())?;
    place.refuses("", source, &format!("is in {of}, which this build of coldframe cannot ask"))
}

/// Fails where a file below a folder holds what is for nobody.
fn without_canary(folder: &Path) -> Result<(), String> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            without_canary(&path)?;
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
            return Err(format!("{} holds what is for nobody", path.display()));
        }
    }
    Ok(())
}
