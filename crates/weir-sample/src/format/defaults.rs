//! HAProxy's own log formats as format strings (manual 8.2.1 to 8.2.5).

/// Without any `option ...log`, in TCP mode (manual 8.2.1).
pub const DEFAULT_LOG_TCP: &str = "Connect from %ci:%cp to %fi:%fp (%f/TCP)";

/// Without any `option ...log`, in HTTP mode (manual 8.2.1).
pub const DEFAULT_LOG_HTTP: &str = "Connect from %ci:%cp to %fi:%fp (%f/HTTP)";

/// `option tcplog` (manual 8.2.2).
pub const TCP_LOG: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

/// `option tcplog clf` (manual 8.2.2).
pub const TCP_CLF_LOG: &str = "%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s %Th %Tw %Tc %Tt \
                               %U %ts-- %ac %fc %bc %sc %rc %sq %bq \"\" \"\" ";

/// `option httplog` (manual 8.2.3).
pub const HTTP_LOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

/// `option httpslog` (manual 8.2.4).
pub const HTTPS_LOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc \
                             %sq/%bq %hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/\
                             %[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc";

/// `option httplog clf` (manual 8.2.3).
pub const HTTP_CLF_LOG: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta \
                                %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";

/// What an embryonic session's failure is logged with (manual 8.2.5); the listener is named by its id if it has no
/// name.
pub const ERROR_LOG: &str = "%ci:%cp [%t] %ft/%[so_name]: %[fc_err_str]";
