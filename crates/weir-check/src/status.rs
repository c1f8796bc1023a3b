//! What a check found: the words of `check_status`, `check_desc` and the numbers of `show servers state` (management
//! manual 9.1 field 36, 9.3 `srv_check_status` and `srv_check_result`).

/// `srv_check_result`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckResult {
    Unknown = 0,
    Neutral = 1,
    Failed = 2,
    Passed = 3,
    /// Up for those already bound to it: 404 with `http-check disable-on-404`.
    ConditionallyPassed = 4,
}

macro_rules! statuses {
    ($($name:ident $number:literal $code:literal $text:literal $result:ident;)*) => {
        /// `check_status`; the discriminant is `srv_check_status`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum CheckStatus { $($name = $number,)* }

        impl CheckStatus {
            /// In the order of their numbers.
            pub const ALL: &[CheckStatus] = &[$(CheckStatus::$name,)*];

            /// `L7OK` and the like.
            pub const fn code(self) -> &'static str {
                match self { $(CheckStatus::$name => $code,)* }
            }

            /// `Layer7 check passed` and the like (`check_desc`).
            pub const fn text(self) -> &'static str {
                match self { $(CheckStatus::$name => $text,)* }
            }

            pub const fn result(self) -> CheckResult {
                match self { $(CheckStatus::$name => CheckResult::$result,)* }
            }
        }
    };
}

statuses! {
    Unknown 0 "UNK" "Unknown" Unknown;
    Initializing 1 "INI" "Initializing" Unknown;
    Checked 3 "CHECKED" "No status change" Neutral;
    Observed 4 "HANA" "Health analyze" Failed;
    SocketError 5 "SOCKERR" "Socket error" Failed;
    L4Ok 6 "L4OK" "Layer4 check passed" Passed;
    L4Timeout 7 "L4TOUT" "Layer4 timeout" Failed;
    L4Connection 8 "L4CON" "Layer4 connection problem" Failed;
    L6Ok 9 "L6OK" "Layer6 check passed" Passed;
    L6Timeout 10 "L6TOUT" "Layer6 timeout" Failed;
    L6Response 11 "L6RSP" "Layer6 invalid response" Failed;
    L7Timeout 12 "L7TOUT" "Layer7 timeout" Failed;
    L7Response 13 "L7RSP" "Layer7 invalid response" Failed;
    L7Ok 15 "L7OK" "Layer7 check passed" Passed;
    L7OkConditional 16 "L7OKC" "Layer7 check conditionally passed" ConditionallyPassed;
    L7Status 17 "L7STS" "Layer7 wrong status" Failed;
    ProcessError 18 "PROCERR" "External check error" Failed;
    ProcessTimeout 19 "PROCTOUT" "External check timeout" Failed;
    ProcessOk 20 "PROCOK" "External check passed" Passed;
}

impl CheckStatus {
    /// Whether a code belongs to it: what the server or the program answered.
    pub const fn has_code(self) -> bool {
        self as u32 >= CheckStatus::L7Ok as u32
    }

    /// The status that is called so, `L7OK` and the like.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.code() == code)
    }

    /// The status of this `srv_check_status`.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| *status as u32 == number)
    }
}

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: CheckStatus,
    /// `check_code`, where the status has one; 0 where there was none to read.
    pub code: Option<u16>,
    /// `last_chk`: what the server or the system said; may be empty.
    pub info: String,
    /// `check_duration`
    pub duration_ms: u64,
}

impl Outcome {
    pub fn result(&self) -> CheckResult {
        self.status.result()
    }
}
