import type { Constants } from "../pattern-table.ts";

/** What one kind of message of an authentication log means. */
export interface MessageRule {
  /** Names of the programs that write it; any program when absent. */
  readonly programs?: readonly string[];
  /** Name of the pattern in grok-patterns/linux-auth. */
  readonly pattern: string;
  /** Text with which every such message begins: most rules need not be tried. */
  readonly starts: string;
  readonly constants: Constants;
  /** Not written for one pass: lines that begin with `starts`, and match no rule before, go the plain way. */
  readonly plainOnly?: boolean;
}

type Outcome = "success" | "failure";

function facts(categories: readonly string[], type: string, action: string, outcome?: Outcome): Constants {
  const base: Constants = [
    ["event.category", categories],
    ["event.type", [type]],
    ["event.action", action],
  ];
  return outcome === undefined ? base : [...base, ["event.outcome", outcome]];
}

const login = (action: string, outcome?: Outcome): Constants => facts(["authentication"], "start", action, outcome);
const session = (type: string, action: string, outcome?: Outcome): Constants =>
  facts(["session"], type, action, outcome);
const iam = (type: string, action: string, outcome: Outcome = "success"): Constants =>
  facts(["iam"], type, action, outcome);
const network = (type: string, action: string): Constants => facts(["network"], type, action);

function rules(programs: readonly string[] | undefined, list: readonly Omit<MessageRule, "programs">[]): MessageRule[] {
  return list.map((rule) => (programs === undefined ? rule : { programs, ...rule }));
}

const SSHD = rules(
  ["sshd", "sshd-session", "sshd-auth"],
  [
    { pattern: "SSHD_FAILED_INVALID", starts: "Failed ", constants: login("ssh_login", "failure") },
    { pattern: "SSHD_FAILED", starts: "Failed ", constants: login("ssh_login", "failure") },
    { pattern: "SSHD_INVALID_USER", starts: "Invalid user ", constants: login("ssh_invalid_user", "failure") },
    { pattern: "SSHD_CLOSED_USER", starts: "Connection ", constants: login("ssh_connection_closed", "failure") },
    { pattern: "SSHD_CLOSED", starts: "Connection ", constants: network("end", "ssh_connection_closed") },
    {
      pattern: "SSHD_RECEIVED_DISCONNECT",
      starts: "Received disconnect ",
      constants: network("end", "ssh_disconnect_received"),
    },
    {
      pattern: "SSHD_DISCONNECTED_AUTHENTICATING",
      starts: "Disconnected from ",
      constants: login("ssh_disconnected", "failure"),
    },
    {
      pattern: "SSHD_DISCONNECTED_USER",
      starts: "Disconnected from user ",
      constants: network("end", "ssh_disconnected"),
    },
    { pattern: "SSHD_DISCONNECTED", starts: "Disconnected from ", constants: network("end", "ssh_disconnected") },
    { pattern: "SSHD_ACCEPTED", starts: "Accepted ", constants: login("ssh_login", "success") },
    { pattern: "SSHD_CONNECTION", starts: "Connection from ", constants: network("start", "ssh_connection") },
    { pattern: "SSHD_NOT_ALLOWED", starts: "User ", constants: login("ssh_user_not_allowed", "failure") },
    {
      pattern: "SSHD_NEGOTIATE",
      starts: "Unable to negotiate with ",
      constants: network("denied", "ssh_negotiation_failed"),
    },
    { pattern: "SSHD_POSTPONED", starts: "Postponed ", constants: login("ssh_login_postponed") },
    {
      pattern: "SSHD_LISTENING",
      starts: "Server listening on ",
      constants: facts(["process"], "start", "ssh_server_listening"),
    },
    { pattern: "SSHD_SESSION_START", starts: "Starting session: ", constants: session("start", "ssh_session_started") },
    { pattern: "SSHD_SESSION_CLOSE", starts: "Close session: ", constants: session("end", "ssh_session_closed") },
    { pattern: "SSHD_FAILED_ODD", starts: "Failed ", constants: login("ssh_login", "failure") },
    { pattern: "SSHD_INVALID_USER_ODD", starts: "I", constants: login("ssh_invalid_user", "failure") },
    {
      pattern: "SSHD_CLOSED_ODD",
      starts: "Connection ",
      constants: login("ssh_connection_closed", "failure"),
    },
    {
      pattern: "SSHD_RECEIVED_DISCONNECT_ODD",
      starts: "Received disconnect ",
      constants: network("end", "ssh_disconnect_received"),
      plainOnly: true,
    },
    {
      pattern: "SSHD_MAX_ATTEMPTS_INVALID",
      starts: "",
      constants: login("ssh_max_attempts", "failure"),
    },
    { pattern: "SSHD_MAX_ATTEMPTS", starts: "", constants: login("ssh_max_attempts", "failure") },
    {
      pattern: "SSHD_TOO_MANY",
      starts: "Disconnecting ",
      constants: login("ssh_disconnecting", "failure"),
    },
    { pattern: "SSHD_PAM_FAILURE", starts: "", constants: login("ssh_login", "failure") },
    { pattern: "SSHD_TIMEOUT", starts: "", constants: login("ssh_timeout", "failure") },
    {
      pattern: "SSHD_NO_IDENTIFICATION",
      starts: "Did not ",
      constants: network("denied", "ssh_no_identification"),
    },
    {
      pattern: "SSHD_BAD_VERSION",
      starts: "Bad protocol ",
      constants: network("denied", "ssh_bad_version"),
    },
    { pattern: "SSHD_BANNER", starts: "", constants: network("denied", "ssh_bad_banner") },
    { pattern: "SSHD_MAGIC", starts: "Magic value ", constants: login("ssh_login", "failure") },
    {
      pattern: "SSHD_REVERSE_MAPPING",
      starts: "reverse mapping ",
      constants: network("info", "ssh_reverse_mapping_failed"),
    },
    { pattern: "SSHD_MAPS_BACK", starts: "Address ", constants: network("info", "ssh_reverse_mapping_failed") },
  ],
);

/** Written by whatever program uses PAM. */
const PAM = rules(undefined, [
  { pattern: "PAM_SESSION_OPENED", starts: "pam_", constants: session("start", "session_opened", "success") },
  { pattern: "PAM_SESSION_CLOSED", starts: "pam_", constants: session("end", "session_closed", "success") },
  { pattern: "PAM_FAILURE", starts: "pam_", constants: login("pam_authentication", "failure") },
  { pattern: "PAM_USER_UNKNOWN", starts: "pam_", constants: login("pam_user_unknown", "failure") },
  { pattern: "PAM_PASSWORD_CHANGED", starts: "pam_", constants: iam("change", "password_changed") },
  { pattern: "PAM_MORE_FAILURES", starts: "PAM ", constants: login("pam_authentication", "failure") },
]);

const CRON = rules(
  ["CRON", "CROND", "cron", "crond"],
  [{ pattern: "CRON_COMMAND", starts: "(", constants: facts(["process"], "start", "cron_command") }],
);

const SUDO = rules(
  ["sudo"],
  [
    {
      pattern: "SUDO_COMMAND",
      starts: "",
      constants: facts(["process"], "start", "sudo_command", "success"),
    },
    {
      pattern: "SUDO_DENIED",
      starts: "",
      constants: facts(["process"], "denied", "sudo_command", "failure"),
    },
  ],
);

const SU = rules(
  ["su"],
  [
    { pattern: "SU_SESSION", starts: "(to ", constants: login("su", "success") },
    { pattern: "SU_FAILED", starts: "FAILED SU ", constants: login("su", "failure") },
    { pattern: "SU_SUCCESSFUL_FOR", starts: "Successful su ", constants: login("su", "success") },
    { pattern: "SU_FAILED_FOR", starts: "FAILED su ", constants: login("su", "failure") },
    { pattern: "SU_PLUS", starts: "+ ", constants: login("su", "success") },
    { pattern: "SU_MINUS", starts: "- ", constants: login("su", "failure") },
  ],
);

const LOGIND = rules(
  ["systemd-logind", "elogind"],
  [
    { pattern: "LOGIND_NEW", starts: "New session ", constants: session("start", "session_started") },
    {
      pattern: "LOGIND_NEW_QUOTED",
      starts: "New session '",
      constants: session("start", "session_started"),
    },
    {
      pattern: "LOGIND_REMOVED",
      starts: "Removed session ",
      constants: session("end", "session_removed"),
    },
    {
      pattern: "LOGIND_LOGGED_OUT",
      starts: "Session ",
      constants: session("end", "session_logged_out"),
    },
  ],
);

const ACCOUNT_TOOLS = ["useradd", "adduser", "groupadd", "addgroup", "usermod", "userdel", "groupdel", "groupmod"];
const ACCOUNTS = rules(ACCOUNT_TOOLS, [
  { pattern: "USERADD_USER", starts: "new user: ", constants: iam("creation", "user_added") },
  { pattern: "USERADD_GROUP", starts: "new group: ", constants: iam("creation", "group_added") },
  {
    pattern: "USERADD_FAILED",
    starts: "failed adding ",
    constants: iam("creation", "user_added", "failure"),
  },
  { pattern: "GROUPADD_FILE", starts: "group added ", constants: iam("creation", "group_added") },
  { pattern: "ADD_TO_GROUP", starts: "add '", constants: iam("change", "user_added_to_group") },
  {
    pattern: "DELETE_FROM_GROUP",
    starts: "delete '",
    constants: iam("change", "user_removed_from_group"),
  },
  { pattern: "USERMOD_CHANGE", starts: "change user ", constants: iam("change", "user_changed") },
  { pattern: "USERMOD_LOCK", starts: "", constants: iam("change", "user_lock_changed") },
  { pattern: "USERDEL_USER", starts: "delete user ", constants: iam("deletion", "user_deleted") },
  { pattern: "USERDEL_GROUP", starts: "removed ", constants: iam("deletion", "group_deleted") },
  { pattern: "GROUPDEL_GROUP", starts: "group '", constants: iam("deletion", "group_deleted") },
]);

const PASSWORDS = rules(
  ["passwd", "chpasswd", "gpasswd", "chage"],
  [
    {
      pattern: "PASSWD_CHANGED",
      starts: "password for ",
      constants: iam("change", "password_changed"),
    },
    { pattern: "GPASSWD_ADDED", starts: "user ", constants: iam("change", "user_added_to_group") },
    {
      pattern: "GPASSWD_REMOVED",
      starts: "user ",
      constants: iam("change", "user_removed_from_group"),
    },
  ],
);

const LOGIN = rules(
  ["login"],
  [
    { pattern: "LOGIN_FAILED", starts: "FAILED LOGIN ", constants: login("login", "failure") },
    { pattern: "LOGIN_ON", starts: "", constants: login("login", "success") },
  ],
);

/** All kinds of messages, the most frequent programs first. */
export const MESSAGE_RULES: readonly MessageRule[] = [
  ...SSHD,
  ...PAM,
  ...CRON,
  ...SUDO,
  ...SU,
  ...LOGIND,
  ...ACCOUNTS,
  ...PASSWORDS,
  ...LOGIN,
];
