import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePolicy } from './parse.ts'

/** The faults of one criterion, or else what is warned of, from its name on. */
function said(criterion: unknown): readonly string[] {
  const parsed = parsePolicy({ allow: { or: [criterion] } }, { nowMs: Date.UTC(2026, 2, 4) })
  const all = 'problems' in parsed ? parsed.problems : parsed.warnings
  return all.map(({ path, message, hint }) => {
    const line = `${path.slice(3).join('.')}: ${message}`
    return hint === undefined ? line : `${line} (${hint})`
  })
}

/** What is wrong with a criterion or odd about it, each with what to do; nothing where it may be meant. */
const table: readonly (readonly [criterion: unknown, ...said: readonly string[]])[] = [
  [
    { client_certificate: 'laptop' },
    'client_certificate: must be an object with "fingerprint", "spki_hash", "san_dns", "san_email" or "san_uri"',
  ],
  [
    { client_certificate: {} },
    'client_certificate: must have at least one of "fingerprint", "spki_hash", "san_dns", "san_email" or "san_uri" (to ask for any trusted certificate, deny "invalid_client_certificate")',
  ],
  [
    { client_certificate: { fingerprint: [] } },
    'client_certificate.fingerprint: must not be an empty list',
  ],
  [
    { client_certificate: { fingerprint: 7 } },
    'client_certificate.fingerprint: must be a SHA-256 fingerprint, "AA:BB:…" or 64 hexadecimal digits, not a number (openssl x509 -in client.pem -noout -fingerprint -sha256)',
  ],
  [
    { client_certificate: { spki_hash: 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=A' } },
    'client_certificate.spki_hash: must be base64 of a SHA-256, 44 characters, not "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=A"',
  ],
  [
    { client_certificate: { spki_hash: 'ABwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=' } },
    'client_certificate.spki_hash: must be base64 of a SHA-256, 44 characters, not "ABwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="',
  ],
  [
    { client_certificate: { spki_hash: [7] } },
    'client_certificate.spki_hash.0: must be base64 of a SHA-256, 44 characters, not a number',
  ],
  [
    { client_certificate: { san_uri: 'laptop' } },
    'client_certificate.san_uri: "laptop" can never match: a URI begins with its scheme, such as "spiffe://"',
  ],
  [
    { client_certificate: { san_uri: '7spiffe://x' } },
    'client_certificate.san_uri: "7spiffe://x" can never match: a URI begins with its scheme, such as "spiffe://"',
  ],
  [{ client_certificate: { san_uri: 'spiffe+1.a-b://x' } }],
  [
    { client_certificate: { san_uri: '//x/spiffe:' } },
    'client_certificate.san_uri: "//x/spiffe:" can never match: a URI begins with its scheme, such as "spiffe://"',
  ],
  [{ client_certificate: { san_uri: { contains: 'laptop' } } }],
  [
    { client_certificate: { san_dns: { is: 'a', not: 'a' } } },
    'client_certificate.san_dns: can never hold: nothing that "is" names fits the rest',
  ],
  [
    { client_certificate: { san_dns: 'a b' } },
    'client_certificate.san_dns: "a b" can never match: no DNS name has a " "',
  ],
  [
    { client_certificate: { san_email: 'ann' } },
    'client_certificate.san_email: "ann" can never match: an email address has an "@"',
  ],
  [
    { provider: 'Partner' },
    'provider: "Partner" can never match: an id of "identity_providers" has small letters, digits and "-" only (write "partner")',
  ],
  [
    { provider: 'a partner' },
    'provider: "a partner" can never match: an id of "identity_providers" has small letters, digits and "-" only',
  ],
  [
    { provider: { starts_with: 'Ä' } },
    'provider.starts_with: "Ä" can never match: an id of "identity_providers" has small letters, digits and "-" only',
  ],
  [
    { provider: { is: 'a', not: 'a' } },
    'provider: can never hold: nothing that "is" names fits the rest',
  ],
  [{ provider: ' a' }, 'provider: " a" has a blank at its end, which is compared too (write "a")'],
  [{ provider: 7 }, 'provider: must be a string, not a number (put it in quotes)'],
  [{ provider: 'a-1' }],
  [
    { provider: 'Ä1' },
    'provider: "Ä1" can never match: an id of "identity_providers" has small letters, digits and "-" only',
  ],
  [
    { provider: '1Ä' },
    'provider: "1Ä" can never match: an id of "identity_providers" has small letters, digits and "-" only',
  ],
  [
    { 'claim/email': 'ann' },
    'claim/email: "ann" can never match: an email address has an "@" (write the whole address, such as ann@example.com)',
  ],
  [
    { 'claim/email/x': 'ann' },
    'claim/email/x: "ann" can never match: an email address has an "@" (write the whole address, such as ann@example.com)',
  ],
  [
    { 'claim/email.x': 'ann' },
    'claim/email.x: "ann" can never match: an email address has an "@" (write the whole address, such as ann@example.com)',
  ],
  [{ 'claim/emails': 'ann' }],
  [{ 'claim/my-email': 'ann' }],
  [
    { 'claim/x': { is: 'a', exclude: 'a' } },
    'claim/x: can never hold: what "is" names does not fit the rest',
  ],
  [{ 'claim/x ': 'a' }, 'claim/x : can hardly match: a blank is part of the name of the claim'],
  [
    { 'claim/a/b/c/d/e/f': 'a' },
    'claim/a/b/c/d/e/f: can hardly match: leads through 6 levels, and claims are looked for in 5 (only a claim whose whole name that is would be found)',
  ],
  [{ 'claim/a/b/c/d/e': 'a' }],
  [
    { date: { after: 'x', before: '2026-01-01' } },
    'date.after: must be a date or a moment such as "2026-03-01T09:00:00Z", not "x"',
  ],
  [
    { date: { after: '2026-01-01', before: 'x' } },
    'date.before: must be a date or a moment such as "2026-03-01T09:00:00Z", not "x"',
  ],
  [{ date: {} }, 'date: must have "after", "before" or both'],
  [
    { date: { before: '2026-03-04' } },
    'date.before: is over: it never holds again (take it out, or name a later moment)',
  ],
  [{ date: { before: '2026-03-05' } }],
  [
    { date: { after: '2026-01-02', before: '2026-01-01' } },
    'date: would never hold: "after" is not before "before"',
  ],
  [{ day_of_week: 7 }, 'day_of_week: must be days such as "mon-fri", not a number'],
  [
    { day_of_week: 'mon-' },
    'day_of_week: must be a day of the week such as "mon" or "monday", not ""',
  ],
  [
    { day_of_week: 'mon,funday' },
    'day_of_week: must be a day of the week such as "mon" or "monday", not "funday" (did you mean "sunday"?)',
  ],
  [
    { day_of_week: 'mun' },
    'day_of_week: must be a day of the week such as "mon" or "monday", not "mun" (did you mean "sun"?)',
  ],
  [
    { day_of_week: 'mon-tue-wed' },
    'day_of_week: must be one day or two with a "-", not "mon-tue-wed"',
  ],
  [
    { day_of_week: { days: 'mon', timezone: 'Mars' } },
    'day_of_week.timezone: must be a time zone such as "Europe/Berlin" or "UTC", not "Mars"',
  ],
  [
    { day_of_week: { dais: 'mon' } },
    'day_of_week.dais: unknown key "dais", expected "days" or "timezone" (did you mean "days"?)',
  ],
  [{ time_of_day: { timezone: 'UTC' } }, 'time_of_day: must have "after", "before" or both'],
  [
    { time_of_day: { timezone: 'Mars', after: '9 AM' } },
    'time_of_day.timezone: must be a time zone such as "Europe/Berlin" or "UTC", not "Mars"',
  ],
  [
    { time_of_day: { timezone: 'UTC', after: 'x', before: '9 AM' } },
    'time_of_day.after: must be a time of day such as "17:30" or "5:30 PM", not "x"',
  ],
  [
    { time_of_day: { timezone: 'UTC', after: '9 AM', before: 'x' } },
    'time_of_day.before: must be a time of day such as "17:30" or "5:30 PM", not "x"',
  ],
  [
    { time_of_day: { timezone: 'UTC', after: '9 AM', before: '9 AM' } },
    'time_of_day: would never hold: it ends when it begins',
  ],
  [
    { time_of_day: { timezone: 'UTC', after: '23:59:59.999999999' } },
    'time_of_day: would never hold: it ends when it begins',
  ],
  [
    { time_of_day: 7 },
    'time_of_day: must be an object with "timezone", "after" or "before", not a number',
  ],
  [{ source_ip: [] }, 'source_ip: must name at least one IP address or range'],
  [
    { source_ip: 7 },
    'source_ip: must be an IP address or a range such as "10.0.0.0/8", not a number',
  ],
  [
    { source_ip: ['10.0.0.0/8', null] },
    'source_ip.1: must be an IP address or a range such as "10.0.0.0/8", not nothing',
  ],
  [{ source_ip: 'ff02::1' }, 'source_ip: "ff02::1" can never match: nobody connects from there'],
  [
    { source_ip: '255.255.255.255' },
    'source_ip: "255.255.255.255" can never match: nobody connects from there',
  ],
  [
    { source_ip: '0.0.0.0' },
    'source_ip: "0.0.0.0" can never match: nobody connects from there (for everybody, write 0.0.0.0/0)',
  ],
  [
    { source_ip: '::' },
    'source_ip: "::" can never match: nobody connects from there (for everybody, write "::/0")',
  ],
  [
    { source_ip: '224.0.0.1' },
    'source_ip: "224.0.0.1" can never match: nobody connects from there',
  ],
  [{ source_ip: '0.0.0.0/0' }],
  [{ source_ip: 'ff00::/7' }],
  [
    { http_method: 'GET' },
    'http_method: "GET" can never match: the method of every tunnel is "CONNECT"',
  ],
  [{ http_method: { contains: 'NEC' } }],
  [{ http_method: { starts_with: 'CON' } }],
  [
    { http_method: { starts_with: 'ECT' } },
    'http_method.starts_with: "ECT" can never match: the method of every tunnel is "CONNECT"',
  ],
  [{ http_method: { ends_with: 'ECT' } }],
  [
    { http_method: { ends_with: 'CON' } },
    'http_method.ends_with: "CON" can never match: the method of every tunnel is "CONNECT"',
  ],
  [
    { http_method: { contains: 'x' } },
    'http_method.contains: "x" can never match: the method of every tunnel is "CONNECT"',
  ],
  [
    { http_method: 'CONN' },
    'http_method: "CONN" can never match: the method of every tunnel is "CONNECT"',
  ],
  [
    { http_path: { contains: '/' } },
    'http_path.contains: "/" can never match: tunnels have no path',
  ],
  [
    { cors_preflight: true },
    'cors_preflight: criterion "cors_preflight" cannot be honoured: a tunnel is opened with CONNECT, which is never a CORS preflight',
  ],
  [
    { device: true },
    'device: criterion "device" cannot be honoured: devices cannot be registered yet',
  ],
  [
    { record: true },
    'record: criterion "record" cannot be honoured: it reads external data, and there is none here',
  ],
  [
    { mcp_tool: true },
    'mcp_tool: criterion "mcp_tool" cannot be honoured: it is about MCP servers, and routes lead to TCP services',
  ],
  [
    { pomerium_routes: true },
    'pomerium_routes: criterion "pomerium_routes" cannot be honoured: it is about the pages of Pomerium itself, and policies are about tunnels',
  ],
  [
    { rego: true },
    'rego: criterion "rego" cannot be honoured: policies in Rego are not evaluated here',
  ],
  [
    { ssh_ca: true },
    'ssh_ca: criterion "ssh_ca" cannot be honoured: it is about SSH sessions that end at the gateway, and tunnels only pass through it',
  ],
  [
    { email: '<ann@x.example>' },
    'email: "<ann@x.example>" can never match: an email address stands alone (write "ann@x.example")',
  ],
  [{ email: '<>' }, 'email: "<>" can never match: an email address stands alone'],
  [{ email: 'mailto:' }, 'email: "mailto:" can never match: an email address stands alone'],
  [
    { email: 'ann@mailto:x' },
    'email: "ann@mailto:x" can never match: no address has a ":" after the "@"',
  ],
  [
    { email: { ends_with: 'ann@' } },
    'email.ends_with: "ann@" can never match: nothing stands after the "@"',
  ],
  [{ email: { contains: 'ann@' } }],
  [{ email: { starts_with: 'ann@' } }],
  [{ email: { contains: '@' } }],
  [{ email: { starts_with: 'a:b' } }],
  [{ email: 'a:b@x.example' }],
  [
    { email: 'a@x.example:25' },
    'email: "a@x.example:25" can never match: no address has a ":" after the "@"',
  ],
  [
    { email: 'a@x.example,b@y.example' },
    'email: "a@x.example,b@y.example" can never match: no address has a "@" after the "@" (write {email: {in: [a@x.example, b@y.example]}})',
  ],
  [
    { email: 'a@b@x.example' },
    'email: "a@b@x.example" can never match: no address has a "@" after the "@"',
  ],
  [{ email: '"a@b"@x.example' }],
  [{ email: 'a@[192.0.2.1]' }],
  [{ email: 'a@[x]y:' }, 'email: "a@[x]y:" can never match: no address has a ":" after the "@"'],
  [{ email: 'a@y:[x]' }, 'email: "a@y:[x]" can never match: no address has a ":" after the "@"'],
  [{ email: 'a b' }, 'email: "a b" has a blank, which an email address never has'],
  [
    { email: '*@x.example' },
    'email: "*" in "*@x.example" stands for itself: there are no wildcards here (write {domain: x.example} for everybody there)',
  ],
  [
    { email: '**.x.example' },
    'email: "*" in "**.x.example" stands for itself: there are no wildcards here (write {domain: {ends_with: ".x.example"}} for what is below it)',
  ],
  [
    { email: { ends_with: '*@x.example' } },
    'email.ends_with: "*" in "*@x.example" stands for itself: there are no wildcards here (use "starts_with", "ends_with" or "contains")',
  ],
  [
    { email: { starts_with: '*.x.example' } },
    'email.starts_with: "*" in "*.x.example" stands for itself: there are no wildcards here (use "starts_with", "ends_with" or "contains")',
  ],
  [
    { email: 'a*@x.example' },
    'email: "*" in "a*@x.example" stands for itself: there are no wildcards here (use "starts_with", "ends_with" or "contains")',
  ],
  [
    { email: 'a*@b*.example' },
    'email: "*" in "a*@b*.example" stands for itself: there are no wildcards here (use "starts_with", "ends_with" or "contains")',
  ],
  [
    { email: '10.0.0.1' },
    'email: "10.0.0.1" can never match: an email address has an "@" (write the whole address, such as ann@example.com)',
  ],
  [
    { email: 'x' },
    'email: "x" can never match: an email address has an "@" (write the whole address, such as ann@example.com)',
  ],
  [
    { email: 'x.y.example' },
    'email: "x.y.example" can never match: an email address has an "@" (write {domain: x.y.example} for everybody there)',
  ],
  [
    { email: 'münchen.example' },
    'email: "münchen.example" can never match: an email address has an "@" (write {domain: münchen.example} for everybody there)',
  ],
  [
    { email: { in: ['@x.example', '@.x'] } },
    'email.in.0: "@x.example" can never match: nothing stands before the "@" (write {domain: x.example} for everybody there)',
    'email.in.1: "@.x" can never match: nothing stands before the "@"',
  ],
  [{ domain: 'a b' }, 'domain: "a b" has a blank, which a domain never has'],
  [
    { domain: 'x.example y.example' },
    'domain: "x.example y.example" can never match: it names several (write {domain: {in: [x.example, y.example]}})',
  ],
  [
    { domain: 'x.example,  y.example; z' },
    'domain: "x.example,  y.example; z" can never match: it names several (write {domain: {in: [x.example, y.example]}})',
  ],
  [
    { domain: 'x.example,y.example' },
    'domain: "x.example,y.example" can never match: no domain has a "," (write {domain: {in: [x.example, y.example]}})',
  ],
  [
    { domain: 'ann@x.example' },
    'domain: "ann@x.example" can never match: a domain is what follows the "@" (write {email: ann@x.example})',
  ],
  [
    { domain: '@x.example' },
    'domain: "@x.example" can never match: a domain is what follows the "@" (write "x.example")',
  ],
  [{ domain: 'ann@' }, 'domain: "ann@" can never match: a domain is what follows the "@"'],
  [{ domain: 'a b@x.example' }, 'domain: "a b@x.example" has a blank, which a domain never has'],
  [
    { domain: '10.0.0.1' },
    'domain: "10.0.0.1" can never match: an IP address is no domain (write {source_ip: "10.0.0.1"})',
  ],
  [
    { domain: '10.0.0.0/8' },
    'domain: "10.0.0.0/8" can never match: an IP address is no domain (write {source_ip: "10.0.0.0/8"})',
  ],
  [
    { domain: '10.0.0.0/16' },
    'domain: "10.0.0.0/16" can never match: an IP address is no domain (write {source_ip: "10.0.0.0/16"})',
  ],
  [
    { domain: '10.0.0.0/8x' },
    'domain: "10.0.0.0/8x" can never match: a domain has neither scheme nor path',
  ],
  [
    { domain: 'https://x.example/path' },
    'domain: "https://x.example/path" can never match: a domain has neither scheme nor path (write "x.example")',
  ],
  [
    { domain: 'x.example/path/https://y.example' },
    'domain: "x.example/path/https://y.example" can never match: a domain has neither scheme nor path (write "x.example")',
  ],
  [
    { domain: '//x.example' },
    'domain: "//x.example" can never match: a domain has neither scheme nor path (write "x.example")',
  ],
  [
    { domain: 'x.example/a\nb' },
    'domain: "x.example/a\\nb" has a character that nobody sees, which is compared too (write "x.example/ab")',
  ],
  [{ domain: '/x' }, 'domain: "/x" can never match: a domain has neither scheme nor path'],
  [
    { domain: '*.x.example' },
    'domain: "*" in "*.x.example" stands for itself: there are no wildcards here (write {domain: {ends_with: ".x.example"}} for what is below it)',
  ],
  [
    { domain: '.x.example' },
    'domain: ".x.example" begins with a dot, which no domain does (write {domain: {ends_with: ".x.example"}})',
  ],
  [
    { domain: { starts_with: '.x' } },
    'domain.starts_with: ".x" begins with a dot, which no domain does',
  ],
  [{ domain: { contains: '.x' } }],
  [{ domain: { ends_with: '.x' } }],
  [
    { domain: 'x.example..' },
    'domain: "x.example.." ends with a dot, which no email address does (write "x.example")',
  ],
  [
    { domain: { ends_with: 'x.' } },
    'domain.ends_with: "x." ends with a dot, which no email address does (write "x")',
  ],
  [{ domain: { contains: 'x.' } }],
  [{ domain: { starts_with: 'x.' } }],
  [{ domain: 'x!y' }, 'domain: "x!y" can never match: no domain has a "!"'],
  [
    { domain: 'x.example|y.example' },
    'domain: "x.example|y.example" can never match: no domain has a "|"',
  ],
  [
    { domain: 'a1.b2.example/' },
    'domain: "a1.b2.example/" can never match: a domain has neither scheme nor path (write "a1.b2.example")',
  ],
  [{ domain: 'a..b/' }, 'domain: "a..b/" can never match: a domain has neither scheme nor path'],
  [
    { domain: 'a.example!/' },
    'domain: "a.example!/" can never match: a domain has neither scheme nor path',
  ],
  [{ domain: '[x]' }],
  [
    { domain: 'ä.example/x' },
    'domain: "ä.example/x" can never match: a domain has neither scheme nor path (write "ä.example")',
  ],
  [
    { domain: '10.0.0.1/x' },
    'domain: "10.0.0.1/x" can never match: a domain has neither scheme nor path',
  ],
  [
    { domain: '1.2/x' },
    'domain: "1.2/x" can never match: a domain has neither scheme nor path (write "1.2")',
  ],
  [
    { user: 'a​b' },
    'user: "a​b" has a character that nobody sees, which is compared too (write "ab")',
  ],
  [{ groups: 'ops*' }, 'groups: "*" in "ops*" stands for itself: groups are compared as a whole'],
  [{ groups: ' ' }, 'groups: " " has a blank at its end, which is compared too'],
  [
    { groups: { has: 'a', exclude: 'a' } },
    'groups: can never hold: what "has" names does not fit the rest',
  ],
  [
    { time_of_day: { timezone: 'UTC', after: '23:59:59.999999999', before: '9 AM' } },
    'time_of_day: would never hold: it ends when it begins',
  ],
  [{ day_of_week: 'mon, *' }],
  [
    { http_method: 'NECT' },
    'http_method: "NECT" can never match: the method of every tunnel is "CONNECT"',
  ],
  [
    { client_certificate: { fingerprint: [['aa']], spki_hash: [{}] } },
    'client_certificate.fingerprint.0: must be a SHA-256 fingerprint, "AA:BB:…" or 64 hexadecimal digits, not a list (openssl x509 -in client.pem -noout -fingerprint -sha256)',
    'client_certificate.spki_hash.0: must be base64 of a SHA-256, 44 characters, not an object',
  ],
]

for (const [criterion, ...expected] of table)
  test(`it is said what to do about ${JSON.stringify(criterion)}`, () => {
    assert.deepEqual(said(criterion), expected)
  })

test('a fingerprint is shown up to a hundred characters, and each of a list has its place', () => {
  const expected = 'must be a SHA-256 fingerprint, "AA:BB:…" or 64 hexadecimal digits, not'
  const hint = 'openssl x509 -in client.pem -noout -fingerprint -sha256'
  const fingerprint = ['a'.repeat(64), 'x'.repeat(101)]
  assert.deepEqual(said({ client_certificate: { fingerprint } }), [
    `client_certificate.fingerprint.1: ${expected} "${'x'.repeat(100)}" (${hint})`,
  ])
  const nested = { client_certificate: { fingerprint: [fingerprint.slice(0, 1)] } }
  assert.deepEqual(said(nested), [`client_certificate.fingerprint.0: ${expected} a list (${hint})`])
  for (const odd of [`x${fingerprint[0]}`, `${fingerprint[0]}x`, 'a'.repeat(65)])
    assert.deepEqual(said({ client_certificate: { fingerprint: odd } }), [
      `client_certificate.fingerprint: ${expected} "${odd}" (${hint})`,
    ])
})
