import { accessFields } from './access-fields.ts'
import { authorizeFields } from './authorize-fields.ts'
import { endings } from './ended.ts'
import type { FieldTable } from './fields.ts'

/** The reference of the gateway's log, `docs/logs.md`, from the tables the log itself goes by. */
export function renderLogReference(): string {
  return [
    introduction,
    '## The authorize line\n\n' + authorizeText,
    fieldList(authorizeFields),
    '## What is kept\n\n' + auditText,
    '## Lines for people\n\n' + peopleText,
    '## A reader that stalls\n\n' + readerText,
    '## The access line\n\n' + accessText,
    fieldList(accessFields),
    '## Why a tunnel ended\n\nThe values of `ended`:',
    list(Object.entries(endings)),
    signInText,
    changesText,
    connectorText,
    questions,
    privacy,
  ].join('\n\n')
}

function fieldList<Line>(table: FieldTable<Line>): string {
  const names = Object.keys(table)
  const entries = (byDefault: boolean): string =>
    list(
      names.flatMap((name) =>
        table[name]?.byDefault === byDefault ? [[name, table[name].doc]] : [],
      ),
    )
  const header = '- `headers.NAME`: request header `NAME`, unless it carries a secret'
  return `By default, in this order:\n\n${entries(true)}\n\nOn request:\n\n${header}\n${entries(false)}`
}

function list(entries: readonly (readonly string[])[]): string {
  return entries.map(([name, doc]) => `- \`${name}\`: ${doc}`).join('\n')
}

const introduction = `# Logs

This file is made from the code: \`npm run docs\`.

The gateway writes one JSON object a line to standard output: compact, \`level\` first, then \`service\`,
the fields, \`time\` (RFC 3339, UTC) and \`message\`. Where standard output is a terminal, and nowhere else, lines are
for people instead ([below](#lines-for-people)). \`service\` says which part speaks:

- \`gateway\`: the process itself: its start, reloads, faults
- \`authorize\`: one line for each decision, at the moment it is made
- \`identity\`: what is wrong between the gateway and its identity provider
- \`access\`: one line for each request, at its end; a tunnel's line comes **when the tunnel ends**
- \`audit\`, \`control\`: who signed in or out, and what was changed by command

\`log_level\` is \`debug\`, \`info\`, \`warn\` or \`error\`. Authorize and access lines are \`info\`: a \`log_level\`
of \`warn\` turns them off. Requests for \`/healthz\` and \`/ping\` are logged at \`debug\`.`

const authorizeText = `Message \`authorize check\`. One for each request on a known route, allowed or not, public routes
included, and one more, with \`"re-check":true\`, when a live tunnel is decided again (after a reload, the end of a time
window, new claims) and is no longer allowed. \`authorize_log_fields\` selects the fields and their order.

\`\`\`json
{"level":"info","service":"authorize","request-id":"5e1c…","check-request-id":"5e1c…","method":"CONNECT","path":"","host":"ssh.example.com:22","ip":"203.0.113.9","session-id":"q7Zk…","user":"2f9c…","email":"alice@example.com","envoy-route-id":"5b0d3f6a9c1e2d47","route-id":"5b0d3f6a9c1e2d47","route":"ssh","allow":true,"allow-why-true":["email-ok"],"deny":false,"deny-why-false":[],"time":"2026-08-20T10:00:00.120Z","message":"authorize check"}
\`\`\`

After the selected fields always come \`allow\` with \`allow-why-true\` or \`allow-why-false\`, and \`deny\` with
\`deny-why-true\` or \`deny-why-false\`: the verdict of each side of the policy, and the sorted reasons for it. Access
is given when \`allow\` is true and \`deny\` is false.

\`check-request-id\` and \`envoy-route-id\` here, \`upstream-cluster\` and \`size\` in the access line, say again what other fields do:
they are what Pomerium's logs call it. Whoever reads logs by the other names leaves them out by selecting fields.`

const peopleText = `\`postern gateway\` on a terminal says the same lines for whoever sits there, in the time of that machine, each on one
line; requests and decisions are sentences, and of other lines the fields follow that people read:

\`\`\`
10:00:00 INF authorize: alice@example.com may use ssh (ssh.example.com:22) from 203.0.113.9: allowed by email-ok
10:03:03 INF access: alice@example.com used ssh (ssh.example.com:22) from 203.0.113.9 for 3m3s: 8.9 KiB up, 41.1 KiB down, client-closed
10:04:11 INF access: alice@example.com got no tunnel to ssh.example.com:2222 from 203.0.113.9: route_not_found (404), no route for ssh.example.com:2222; there is one for :22
\`\`\`

What counts is the stream that lines go to, which is standard output: a pipe, a file or the journal gets JSON, also where
standard error is a terminal. \`--log-format json\` and \`--log-format human\` choose either anywhere; a container that was given a
terminal (\`docker run -t\`) needs the former where its log is collected. Levels have colours on a terminal, unless
\`NO_COLOR\` is set. Fields that \`access_log_fields\` and \`authorize_log_fields\` leave out are missing in these sentences,
too.`

const auditText = `Sign-ins, sessions, decisions, changes by command and reloads are kept in the state directory first, one JSON object a
line in \`audit/\`, whatever \`log_level\` says, and then written to the log: a log line that nobody read is
not a lost proof. A power cut takes the last second at most. \`postern gateway audit list\` reads them, also when no
gateway runs; \`jq\` does as well.

\`\`\`json
{"series":"decisions","seq":4711,"prev":"9f86d081884c7d65…","time":"2026-08-20T10:00:00.120Z","kind":"decision","event":"authorize check","user":"2f9c…","email":"alice@example.com","session-id":"q7Zk…","ip":"203.0.113.9","user-agent":"postern/0.1.0","request-id":"5e1c…","host":"ssh.example.com:22","route":"ssh","route-id":"5b0d3f6a9c1e2d47","allow":true,"allow-why-true":["email-ok"],"deny":false,"deny-why-false":[]}
\`\`\`

There is a file a day for each of \`people\` (sign-ins, sessions, changes), \`decisions\`, and \`strangers\`: what
somebody without a session caused, which therefore cannot push out anything else. Each line has its number in its series,
\`seq\`, and in \`prev\` the SHA-256 of the line before it. The oldest files go after 90 days, or when a series comes to
64 MiB. Where the directory cannot be written (full, read-only) tunnels go on: it is said once, and
\`postern_audit_entries_lost_total\` counts, and when it can be written again a record says how many are missing. Where it takes more than 5 seconds the log says so, for the lines of these
entries wait as well. Files that somebody removes or moves away meanwhile are begun anew at the next entry; of that, and of
what somebody else writes to them, \`audit\` speaks at level \`warn\`.

Beside them, \`checkpoints-2026-08-20.txt\` says every five minutes, signed, how far each series has come, and \`keys.txt\` has
the public keys of that. \`postern gateway keys rotate audit\` makes another key.

Of a tunnel there are \`tunnel opened\` and, with \`ended\`, \`bytes-up\`, \`bytes-down\` and \`duration\` in milliseconds,
\`tunnel ended\`, or \`tunnel cut\` of the kind \`cut\` where it was the gateway that ended it.

Entries of the kind \`audit\` are about the log itself:

- \`file begun\`: the first of each file, with its name
- \`incomplete line removed\`: what a kill, a power cut or a full disk left of one, with its \`bytes\`
- \`entries lost\`: could not be kept before this record, on a disk that was full or too slow; \`at-most\` so many of its series
- \`chain begun behind lines without one\`: the \`lines\` of the series before it are of an earlier release
- \`records dropped\`: for their age or the size of the series, with \`first-seq\`, \`last-seq\` and \`why\`; \`dropped.txt\` says the same, signed
- \`lines found that are not chained\`: somebody else than this release has added \`lines\``

const readerText = `Nothing waits for whoever reads standard output: neither tunnels nor the end of the gateway. Up to 1 MiB waits in a
queue; what comes beyond it is dropped, and counted by \`postern_log_lines_dropped_total\`. Once lines flow again one
says how many were lost: \`"message":"log lines were dropped"\`. Lines are dropped and counted also when the reader has
left, or the disk is full.`

const accessText = `Message \`http-request\`. \`access_log_fields\` selects the fields and their order. The first twelve default
fields are Pomerium's.

\`\`\`json
{"level":"info","service":"access","upstream-cluster":"ssh-5b0d3f6a9c1e2d47","method":"CONNECT","authority":"ssh.example.com:22","path":"","user-agent":"postern/0.1.0","referer":"","forwarded-for":"","request-id":"5e1c…","duration":183422,"size":42110,"response-code":200,"response-code-details":"via_upstream","ip":"203.0.113.9","user":"2f9c…","email":"alice@example.com","session-id":"q7Zk…","route":"ssh","route-id":"5b0d3f6a9c1e2d47","bytes-up":9120,"bytes-down":42110,"ended":"client-closed","reasons":["email-ok"],"time":"2026-08-20T10:03:03.542Z","message":"http-request"}
{"level":"info","service":"access","upstream-cluster":"","method":"CONNECT","authority":"ssh.example.com:2222","path":"","user-agent":"postern/0.1.0","referer":"","forwarded-for":"","request-id":"91d0…","duration":1,"size":240,"response-code":404,"response-code-details":"route_not_found","ip":"203.0.113.9","user":"2f9c…","email":"alice@example.com","session-id":"q7Zk…","other-ports":[22],"error":"no route for ssh.example.com:2222; there is one for :22","time":"2026-08-20T10:04:11.007Z","message":"http-request"}
\`\`\``

const signInText = `## Sign-ins

Audit entries of the kinds \`sign-in\` and \`session\`, each with \`user\`, \`email\`, \`provider\` (the id of the one they have signed
in with) and \`session-id\` where they are known, and where a request caused it
\`ip\`, \`user-agent\` and \`request-id\`:

- \`signed in\`, \`signed out\`
- \`session renewed\`: its person signed in again with a client that renews it, and it lasts \`until\` then
- \`sign-in failed\`: with \`reason\` and \`error\`, the provider's own words among them
- \`sign-in refused\`: a callback that belongs to no sign-in of that browser; at most 10 entries a minute, then
  \`more sign-ins refused\` with their number
- \`device code approved\`, \`device code denied\`, \`device session made\`, \`device signed in\`: by a code
- \`session changed\`: what the provider says about somebody has changed; \`changes\` names what
- \`session ended: the provider refused to refresh it\`
- \`session ended: its stored tokens were changed from outside\`, or \`sessions ended: their stored tokens were changed from outside\`
- \`session ended: signed out at the provider\`: the identity provider has said so, and the session has ended at once
- \`provider logout refused\`: what came as the provider's word that somebody is signed out is not; \`error\` says why. At most 10 entries a
  minute, then \`more provider logouts refused\` with their number
- \`session replaced\`: a further sign-in of the same person ended it; \`max\` is the \`max_sessions_per_user\` that it met

Whoever asks too often is answered 429, and \`identity\` writes \`limit reached\` at level \`warn\` with \`limit\` and
\`ip\` (an IPv6 address by its first 64 bits), once a minute for each: \`too-many-sign-ins\`, \`too-many-failed-sign-ins\`,
\`too-many-device-codes\` or \`too-many-wrong-codes\`. \`postern_limited_requests_total\` counts the requests;
[limits.md](limits.md) says what each limit is.

When the provider or its configuration here is at fault, \`identity\` writes \`the identity provider failed\` at level
\`error\`, with its id in \`provider\`, \`reason\`, the provider's words in \`error\`, and what to check in \`hint\`; \`request-id\` joins it with
the sign-in that failed. Reasons are \`provider-unavailable\`, \`provider-invalid\`, \`provider-refused\` and
\`token-refused\`, as in the metric \`postern_identity_provider_failures_total\`. There are at most 5 lines a minute of
each and of each provider, then one with the number of the others.

Where GitHub leaves out what an organization keeps behind its single sign-on, \`identity\` writes \`organizations are hidden by single sign-on\` at
level \`warn\`, once for a sign-in, with \`provider\`, \`user\`, the numbers of up to 20 \`organizations\`, and in \`hint\` what brings them.`

const changesText = `## Changes by command

Audit entries of the kind \`admin\`, each with what it was about:

- \`sessions revoked\`, \`tunnels cut\`
- \`person blocked\`, \`person unblocked\`
- \`account invited\`, \`invitation accepted\`, \`account reset\`, \`account disabled\`, \`account enabled\`, \`account removed\`,
  \`account groups changed\`; \`passkey added\`, \`passkey renamed\`, \`passkey removed\`, and \`passkey refused, there may be a copy of it\`: of
  accounts of the gateway itself, with \`account\` and \`email\`
- \`service account created\`, \`service account rotated\`, \`service account revoked\`
- \`scim user created\`, \`scim user changed\`, \`scim user deactivated\`, \`scim user activated\`, \`scim user deleted\`, \`scim group created\`,
  \`scim group changed\`, \`scim group deleted\`: by the company's directory ([scim.md](scim.md)); \`added\` and \`removed\` name members
- \`token key rotation begun\`, \`token key rotation ended\`: of the keys that sessions rest on
- \`signing key rotated\`, \`former signing keys forgotten\`: with its \`purpose\`, the \`key-id\` of the current one, and
  \`forgotten-key-ids\`
- \`configuration reloaded\`
- \`changes before an end without notice\`: a gateway that was killed had made these \`changes\`, and perhaps recorded nobody for them
- \`discarded: no key reads these stored tokens and signing keys\`: while no gateway ran

Whoever asks the API for more than they may changes nothing, and leaves no entry: \`gateway\` writes \`administration refused\` at level
\`warn\`, with who asked, \`method\`, \`path\`, and the answer's code as \`why\`.`

const connectorText = `## Connectors and published names

Audit entries, each with who caused it, and with \`tunnel-id\` where it is about one:

- \`publish code approved\`, \`publish code denied\`, \`publish credential issued\`: somebody ran \`postern tunnel login\`
- \`publish credential revoked\`: by command
- \`application token issued\`: for the files of cloudflared, by \`postern access login --for-cloudflared\`
- \`ssh certificate issued\`: with the accounts that it is for
- \`named tunnel created\`, \`named tunnel deleted\`, \`named tunnel token shown\`, \`named tunnel token rotated\`
- \`host name published\`, \`host name withdrawn\`: a name leads to a tunnel from now on, or no longer
- \`services of stock connectors set\`: those that are pushed to them
- \`connector registered\`, \`connector gone\`: with its first connection and after its last, with \`connector-id\` and \`ip\`, and
  \`why\` it is gone. Of one named tunnel the first 30 a minute: then \`connectors register too often\`, and after the minute
  \`more connectors registered\` with how many
- \`connectors drained\`, \`connectors cut\`: by command
- \`stream granted\`: a connector is about to be asked to dial for a tunnel, with \`host\`, \`route\`, \`tunnel-id\` and \`connector-id\`;
  one for each that is tried. Its \`request-id\` is that of the decision, of the access line, and of what a connector of ours
  logs at level \`debug\``

const questions = `## Questions, and how to ask them

What was decided about tunnels, and for which host:

\`\`\`sh
grep '"service":"authorize"' gateway.log | grep '"method":"CONNECT"' | grep '"host":"ssh.example.com:22"'
\`\`\`

Tunnels that were open (their lines come at the end), and requests that matched no route:

\`\`\`sh
grep '"method":"CONNECT"' gateway.log | grep '"response-code":200'
grep '"response-code-details":"route_not_found"' gateway.log
\`\`\`

Why somebody was refused:

\`\`\`sh
jq -c 'select(.message == "authorize check" and .email == "bob@example.com" and (.allow and (.deny | not) | not))
  | {time, host, "allow-why-false": .["allow-why-false"], "deny-why-true": .["deny-why-true"]}' gateway.log
\`\`\`

Everything about one refusal, by the request id it showed:

\`\`\`sh
grep '"request-id":"5e1c' gateway.log
\`\`\`

Who moved how many bytes through which route:

\`\`\`sh
jq -s 'map(select(.service == "access" and .ended)) | group_by([.email, .route])
  | map({email: .[0].email, route: .[0].route, up: (map(.["bytes-up"]) | add), down: (map(.["bytes-down"]) | add)})' gateway.log
\`\`\`

Who signed in which machine without a browser, from where, and what it was signed in for (\`device\` joins the lines
of one code; both addresses are on the line of the approval):

\`\`\`sh
grep -E '"message":"device (code (made|approved|denied)|session made|signed in)"' gateway.log
\`\`\`

Tunnels the gateway cut:

\`\`\`sh
grep '"ended":"' gateway.log | grep -vE '"ended":"(client|upstream)-'
\`\`\``

const privacy = `## What never appears

- tokens, cookies, authorization headers, client secrets, keys, one-time codes: neither the configuration's
  fields nor a header of that kind can be selected, and a value that gets as far as the log under such a name is
  replaced by \`[redacted]\`
- query strings of pages, unless \`query\` is selected, and then without the values of secret parameters
- the bytes of a tunnel
`
