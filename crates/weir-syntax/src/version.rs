//! Version numbers as `haproxy -v` shows them, for `version_atleast()` and `version_before()` (manual 2.4).

use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::digit1;
use nom::sequence::preceded;

/// Ordered as HAProxy orders: development builds and candidates come before the release, later commits after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
    pub stage: Stage,
    /// Commits since the tag, the `-1` of `2.8.25-1`.
    pub commits: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Development(u32),
    Candidate(u32),
    Release,
}

impl Version {
    /// The version whose language is read.
    pub const HAPROXY: Self = Self { major: 3, minor: 4, patch: 0, stage: Stage::Release, commits: 0 };

    /// Never fails: what cannot be read counts as zero, as in HAProxy, so `version_atleast(x)` is true.
    pub fn parse(text: &str) -> Self {
        let (rest, major) = number(text).unwrap_or((text, 0));
        let (rest, minor) = preceded(tag("."), number).parse(rest).unwrap_or((rest, 0));
        let (rest, patch) = preceded(tag("."), number).parse(rest).unwrap_or((rest, 0));
        let (rest, stage) = stage(rest).unwrap_or((rest, Stage::Release));
        Self { major, minor, patch, stage, commits: commits(rest) }
    }
}

fn number(text: &str) -> IResult<&str, u32> {
    digit1.map(|digits: &str| digits.parse().unwrap_or(u32::MAX)).parse(text)
}

fn stage(text: &str) -> IResult<&str, Stage> {
    let development = preceded(tag("-dev"), number).map(Stage::Development);
    let candidate = preceded(tag("-rc"), number).map(Stage::Candidate);
    alt((development, candidate)).parse(text)
}

/// `-12` is a number of commits; `-5cf5d0683` is a commit's name and counts nothing.
fn commits(text: &str) -> u32 {
    match preceded(tag("-"), number).parse(text) {
        Ok((rest, count)) if rest.is_empty() || rest.starts_with(['-', '+', ' ']) => count,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    /// What `.if version_atleast(TEXT)` gave in HAProxy 2.8.25.
    #[test]
    fn compares_as_the_program_does() {
        let own = Version::parse("2.8.25");
        for older in [
            "2.8",
            "2.8.25",
            "",
            "2",
            "x",
            "2.8.25-0",
            "2.8-dev30",
            "2.8.x",
            "2.8.25x",
            " 2.8",
            "v2.8",
            "2.8.",
            "2.8.25-5cf5d0683",
            "2.8.25-zz",
            "2..",
            "2.8rc1",
            "2.8.25-rc1",
        ] {
            assert!(own >= Version::parse(older), "{older}");
        }
        for newer in ["2.8.26", "3", "2.8.25-1", "2.8.25-99", "2.9", "2.9-dev0"] {
            assert!(own < Version::parse(newer), "{newer}");
        }
        assert!(own >= Version::parse("2.8-dev1"));
    }
}
