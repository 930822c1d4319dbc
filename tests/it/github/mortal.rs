//! A server under a list of deaths: `kill -9` at this request, then at that one, started again each time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::faults::{Fault, fits};
use super::serve::Serve;
use super::world::World;

/// How long one story may take on a slow machine.
const STORY_S: u64 = 100;

/// How long nothing must happen before we believe that nothing will: two sweeps.
const QUIET: Duration = Duration::from_secs(4);

/// Deliveries come while the server is dead; the sweep finds what they told.
const SWEEP: &[(&str, &str)] = &[("HEAL_SWEEP_SECONDS", "2")];

/// A world whose server dies and is started again.
pub struct Mortal {
    /// Its world.
    pub world: World,
    /// What stands in its `heal.toml`.
    pub config: &'static str,
    serve: Option<Serve>,
    deaths: VecDeque<Fault>,
}

impl Mortal {
    /// A new world whose server will die so; `None` where the machine lacks the tools.
    pub fn under(deaths: &[Fault]) -> Option<Self> {
        Some(Mortal { world: World::start()?, config: "", serve: None, deaths: deaths.iter().copied().collect() })
    }

    /// Starts the server with its next death before it.
    pub fn live(&mut self) {
        if let Some(death) = self.deaths.pop_front() {
            self.world.fault(death);
        }
        self.serve = Some(self.world.serve_with(self.config, SWEEP));
    }

    /// Starts the server again where it has died; says whether it had not, and will not.
    fn is_safe(&mut self) -> bool {
        let died = self.serve.as_mut().is_some_and(Serve::is_dead);
        if died {
            self.live();
        }
        !died && !self.world.site.faults.is_deadly()
    }

    /// Waits, over deaths.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(STORY_S);
        loop {
            self.is_safe();
            if condition() {
                return;
            }
            assert!(Instant::now() < end, "waited {STORY_S} s for {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until all deaths are behind, and then until nothing more is to be expected.
    #[track_caller]
    pub fn settle(&mut self) {
        let end = Instant::now() + Duration::from_secs(30);
        let mut since = Instant::now();
        while since.elapsed() < QUIET {
            // A death may be under way that is no longer armed.
            if !self.is_safe() {
                since = Instant::now();
            }
            assert!(Instant::now() < end, "the server did not die; it wrote {:#?}", self.written());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What heal wrote in repositories: method, path below the repository, status.
    fn written(&self) -> Vec<(String, String, u16)> {
        let all = self.world.requests().into_iter();
        let writes = all.filter(|request| request.method != "GET" && !request.below().is_empty());
        writes.map(|request| (request.method.clone(), request.below().to_owned(), request.status)).collect()
    }

    /// How often GitHub did what heal asked for.
    fn count(&self, method: &str, path: &str) -> usize {
        self.written().iter().filter(|(m, p, status)| m == method && fits(path, p) && *status < 300).count()
    }

    /// What GitHub did so many times.
    #[track_caller]
    pub fn did(&self, expected: &[(&str, &str, usize)]) {
        for (method, path, times) in expected {
            assert_eq!(self.count(method, path), *times, "{method} {path} in {:#?}", self.written());
        }
    }

    /// The end: the server stops cleanly, all deaths are behind, the audit chain holds, nothing is left.
    pub fn end(mut self) {
        assert!(self.is_safe() && self.deaths.is_empty(), "deaths are left: {:?}", self.deaths);
        assert!(self.serve.take().unwrap().stop().success(), "SIGTERM is a clean end");
        let verdict = self.world.heal(&["audit", "verify"]);
        let said = String::from_utf8_lossy(&verdict.stdout).into_owned();
        assert!(verdict.status.success() && said.contains("intact"), "{said}");
        self.world.finish();
    }
}
