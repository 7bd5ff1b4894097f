import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseApplicationPolicy } from '../cloudflare/parse.ts'
import { parseNamedPolicy } from './parse-named-policy.ts'
import type { PolicyProblem } from '../policy.ts'
import { parsePolicy, type ParsedPolicy } from '../language/parse.ts'
import { parseRoutePolicy } from '../language/shorthand.ts'

const nowMs = Date.UTC(2026, 2, 4)

function lines(warnings: readonly PolicyProblem[]): readonly string[] {
  return warnings.map(({ path, message, hint }) => {
    const line = `${path.join('.')}: ${message}`
    return hint === undefined ? line : `${line} (${hint})`
  })
}

function warningsIn(parsed: ParsedPolicy): readonly string[] {
  return 'warnings' in parsed
    ? lines(parsed.warnings)
    : assert.fail(JSON.stringify(parsed.problems))
}

/** What is said of one criterion, from its name on. */
function said(criterion: unknown): readonly string[] {
  return warningsIn(parsePolicy({ allow: { or: [criterion] } }, { nowMs })).map((line) =>
    line.replace('allow.or.0.', ''),
  )
}

const never = 'can never match:'
const wildcard = 'stands for itself: there are no wildcards here'

describe('a policy that loads is warned of', () => {
  const table: Readonly<Record<string, readonly (readonly [criterion: unknown, said: string])[]>> =
    {
      'email addresses that nobody has': [
        [
          { email: 'ann' },
          `email: "ann" ${never} an email address has an "@" (write the whole address, such as ann@example.com)`,
        ],
        [
          { email: { is: 'example.com' } },
          `email.is: "example.com" ${never} an email address has an "@" (write {domain: example.com} for everybody there)`,
        ],
        [
          { email: { in: ['ann@example.com', '@example.com'] } },
          `email.in.1: "@example.com" ${never} nothing stands before the "@" (write {domain: example.com} for everybody there)`,
        ],
        [
          { email: { not: 'ann@' } },
          `email.not: "ann@" ${never} nothing stands after the "@" (write {email: {starts_with: "ann@"}})`,
        ],
        [
          { email: ' ann@example.com' },
          'email: " ann@example.com" has a blank at its end, which is compared too (write "ann@example.com")',
        ],
        [
          { email: 'ann@example.com, bob@example.com' },
          `email: "ann@example.com, bob@example.com" ${never} it names several (write {email: {in: [ann@example.com, bob@example.com]}})`,
        ],
        [
          { email: 'ann\u200b@example.com' },
          'email: "ann\u200b@example.com" has a character that nobody sees, which is compared too (write "ann@example.com")',
        ],
        [
          { email: 'ann smith@example.com' },
          'email: "ann smith@example.com" has a blank, which an email address never has',
        ],
        [
          { email: 'mailto:ann@example.com' },
          `email: "mailto:ann@example.com" ${never} an email address stands alone (write "ann@example.com")`,
        ],
        [
          { email: '*@example.com' },
          `email: "*" in "*@example.com" ${wildcard} (write {domain: example.com} for everybody there)`,
        ],
        [
          { email: { starts_with: '@example' } },
          `email.starts_with: "@example" ${never} nothing stands before the "@"`,
        ],
        [
          { email: 'a@b@c.example' },
          `email: "a@b@c.example" ${never} no address has a "@" after the "@"`,
        ],
        [
          { 'claim/email': { has: 'ann' } },
          `claim/email.has: "ann" ${never} an email address has an "@" (write the whole address, such as ann@example.com)`,
        ],
      ],
      'domains that no address has': [
        [
          { domain: '@example.com' },
          `domain: "@example.com" ${never} a domain is what follows the "@" (write "example.com")`,
        ],
        [
          { domain: { ends_with: '@example.com' } },
          `domain.ends_with: "@example.com" ${never} a domain is what follows the "@" (write "example.com")`,
        ],
        [
          { domain: 'ann@example.com' },
          `domain: "ann@example.com" ${never} a domain is what follows the "@" (write {email: ann@example.com})`,
        ],
        [
          { domain: 'https://example.com/' },
          `domain: "https://example.com/" ${never} a domain has neither scheme nor path (write "example.com")`,
        ],
        [
          { domain: '10.0.0.0/8' },
          `domain: "10.0.0.0/8" ${never} an IP address is no domain (write {source_ip: "10.0.0.0/8"})`,
        ],
        [
          { domain: '*.example.com' },
          `domain: "*" in "*.example.com" ${wildcard} (write {domain: {ends_with: ".example.com"}} for what is below it)`,
        ],
        [
          { domain: '.example.com' },
          `domain: ".example.com" begins with a dot, which no domain does (write {domain: {ends_with: ".example.com"}})`,
        ],
        [
          { domain: 'example.com.' },
          `domain: "example.com." ends with a dot, which no email address does (write "example.com")`,
        ],
        [
          { domain: 'a.example,b.example' },
          `domain: "a.example,b.example" ${never} no domain has a "," (write {domain: {in: [a.example, b.example]}})`,
        ],
      ],
      'what the provider says otherwise': [
        [
          { user: 'ann@example.com' },
          'user: "ann@example.com" can hardly match: it is compared with the identifier that the provider gives a person ("sub") (if it is an email address, write {email: ann@example.com})',
        ],
        [
          { groups: 'admins ' },
          'groups: "admins " has a blank at its end, which is compared too (write "admins")',
        ],
        [
          { groups: { exclude: 'eng-*' } },
          'groups.exclude: "*" in "eng-*" stands for itself: groups are compared as a whole',
        ],
        [
          { 'claim/a/b/c/d/e/f': 'x' },
          'claim/a/b/c/d/e/f: can hardly match: leads through 6 levels, and claims are looked for in 5 (only a claim whose whole name that is would be found)',
        ],
      ],
      'requests that there are not': [
        [
          { http_method: 'GET' },
          `http_method: "GET" ${never} the method of every tunnel is "CONNECT"`,
        ],
        [
          { http_path: { starts_with: '/' } },
          `http_path.starts_with: "/" ${never} tunnels have no path`,
        ],
        [
          { source_ip: '0.0.0.0' },
          `source_ip: "0.0.0.0" ${never} nobody connects from there (for everybody, write 0.0.0.0/0)`,
        ],
        [
          { source_ip: ['10.0.0.0/8', '::'] },
          `source_ip.1: "::" ${never} nobody connects from there (for everybody, write "::/0")`,
        ],
        [
          { source_ip: '239.1.0.0/16' },
          `source_ip: "239.1.0.0/16" ${never} nobody connects from there`,
        ],
      ],
      'certificates that nobody is issued': [
        [
          { client_certificate: { san_dns: 'https://a.example' } },
          `client_certificate.san_dns: "https://a.example" ${never} no DNS name has a ":"`,
        ],
        [
          { client_certificate: { san_email: 'ann' } },
          `client_certificate.san_email: "ann" ${never} an email address has an "@"`,
        ],
        [
          { client_certificate: { san_uri: 'a.example/x' } },
          `client_certificate.san_uri: "a.example/x" ${never} a URI begins with its scheme, such as "spiffe://"`,
        ],
      ],
      'what is over': [
        [
          { date: { before: '2026-03-01' } },
          'date.before: is over: it never holds again (take it out, or name a later moment)',
        ],
      ],
      'matchers that contradict themselves': [
        [
          { email: { is: 'ann@example.com', ends_with: '@corp.example' } },
          'email: can never hold: nothing that "is" names fits the rest',
        ],
        [
          { user: { in: ['a', 'b'], not_in: ['a', 'b'] } },
          'user: can never hold: nothing that "in" names fits the rest',
        ],
        [
          { groups: { has: 'dba', exclude: 'dba' } },
          'groups: can never hold: what "has" names does not fit the rest',
        ],
      ],
    }
  for (const [what, rows] of Object.entries(table))
    test(what, () => {
      for (const [criterion, warning] of rows)
        assert.deepEqual(said(criterion), [warning], JSON.stringify(criterion))
    })

  test('criteria that leave nobody, since everybody has one of it', () => {
    const underAnd = (...and: readonly unknown[]): readonly string[] =>
      warningsIn(parsePolicy({ deny: { and } }))
    const two = (name: string, noun: string): readonly string[] => [
      `deny.and.1.${name}: can never hold beside the "${name}" before it: nobody has more than one ${noun} (for either of them, put both under "or", or write {${name}: {in: […]}})`,
    ]
    const [ann, bob] = ['ann@example.com', 'bob@example.com']
    assert.deepEqual(underAnd({ email: ann }, { email: bob }), two('email', 'email address'))
    assert.deepEqual(
      underAnd({ domain: { in: ['a.example', 'b.example'] } }, { domain: 'c.example' }),
      two('domain', 'domain'),
    )
    assert.deepEqual(underAnd({ user: 'A' }, { user: 'a' }), two('user', 'id'))
    for (const fine of [
      [{ email: ann }, { email: 'ANN@example.com' }],
      [{ email: { in: [ann, bob] } }, { email: { not: bob } }, { email: ann }],
      [{ groups: 'dba' }, { groups: 'staff' }],
      [{ 'claim/a': 'x' }, { 'claim/a': 'y' }],
      [{ email: { ends_with: 'a' } }, { email: { ends_with: 'b' } }],
    ])
      assert.deepEqual(underAnd(...fine), [], JSON.stringify(fine))
    assert.deepEqual(
      warningsIn(parsePolicy({ allow: { or: [{ email: ann }, { email: bob }] } })),
      [],
    )
  })

  test('providers that there are not', () => {
    const providers = ['default', 'partner']
    const saidOf = (data: unknown): readonly string[] =>
      warningsIn(parsePolicy({ allow: { or: [{ provider: data }] } }, { providers }))
    const at = 'allow.or.0.provider'
    assert.deepEqual(saidOf('partnr'), [
      `${at}: "partnr" ${never} no provider of this gateway has that id (did you mean "partner"?)`,
    ])
    assert.deepEqual(saidOf({ not_in: ['default', 'other'] }), [
      `${at}.not_in.1: "other" ${never} no provider of this gateway has that id`,
    ])
    assert.equal(saidOf('Partner').length, 1)
    for (const data of ['partner', { starts_with: 'part' }, { in: providers }])
      assert.deepEqual(saidOf(data), [])
    assert.deepEqual(said({ provider: 'partnr' }), [])
  })

  test('never where somebody may mean it', () => {
    const meant: readonly unknown[] = [
      { email: 'Ann@Example.com' },
      { email: 'ann@localhost' },
      { email: 'ann@bücher.example' },
      { email: 'ann@[192.0.2.1]' },
      { email: '"a@b"@example.com' },
      { email: { starts_with: 'ann', ends_with: 'example.com', contains: '@' } },
      { email: { ends_with: '@example.com', not: 'bob@example.com' } },
      { email: { is: 'ANN@example.com', ends_with: '@EXAMPLE.com' } },
      { domain: 'example.com' },
      { domain: { is: 'xn--bcher-kva.example' } },
      { domain: { ends_with: '.example.com', not_in: ['a.example.com'] } },
      { domain: { contains: '.corp.', starts_with: 'eu.' } },
      { user: 'a8c1' },
      { user: { starts_with: 'auth0|' } },
      { groups: '/staff/admins' },
      { groups: { has: 'CN=Admins,OU=Groups,DC=corp,DC=example' } },
      { 'claim/groups': { has: 7 } },
      { 'claim/scope': '*' },
      { 'claim/a.b.c.d.e': 'x' },
      { http_method: 'CONNECT' },
      { http_method: { starts_with: 'CON', ends_with: 'T' } },
      { source_ip: ['0.0.0.0/0', '::/0', '10.0.0.0/8', '2001:db8::1'] },
      { client_certificate: { san_dns: '*.a.example', san_uri: { starts_with: 'spiffe' } } },
      { date: { after: '2020-01-01' } },
      { date: { before: '2026-03-05' } },
      { accept: true },
    ]
    for (const criterion of meant) assert.deepEqual(said(criterion), [], JSON.stringify(criterion))
  })

  test('wherever it stands: shorthand, named, and in the words of Cloudflare Access', () => {
    const shorthand = {
      allowedDomains: ['@example.com'],
      allowedUsers: ['u-7', 'ann@example.com', '@example.com', 'bob '],
    }
    assert.deepEqual(warningsIn(parseRoutePolicy(undefined, shorthand)), [
      `allowed_users.2: "@example.com" ${never} nothing stands before the "@" (write {domain: example.com} for everybody there)`,
      'allowed_users.3: "bob " has a blank at its end, which is compared too (write "bob")',
      `allowed_domains.0: "@example.com" ${never} a domain is what follows the "@" (write "example.com")`,
    ])
    const policy = { deny: { or: [{ domain: '@example.com' }] } }
    const { warnings, named } = parseNamedPolicy(
      { name: 'it', policy },
      { clientCertificates: 'none' },
    )
    assert.ok(named)
    assert.deepEqual(lines(warnings), [
      `policy.deny.or.0.domain: "@example.com" ${never} a domain is what follows the "@" (write "example.com")`,
    ])
    const document = [{ action: 'allow', include: [{ group: 'dba ' }, { ip: '0.0.0.0' }] }]
    assert.deepEqual(warningsIn(parseApplicationPolicy(document, { clientCertificates: 'none' })), [
      'policies.0.include.0.group: "dba " has a blank at its end, which is compared too (write "dba")',
      `policies.0.include.1.ip: "0.0.0.0" ${never} nobody connects from there (for everybody, write 0.0.0.0/0)`,
    ])
  })

  test('so many times, and not at what is longer than anybody has', { timeout: 60_000 }, () => {
    const many = { email: { in: Array.from({ length: 10_000 }, (_, index) => `ann${index}`) } }
    assert.equal(said(many).length, 50)
    assert.deepEqual(said({ email: 'a'.repeat(1_000_000) }), [])
  })

  test('once, however often aliases repeat it, and with time only where it is asked', () => {
    const twice = { email: 'ann' }
    assert.equal(warningsIn(parsePolicy({ allow: { or: [twice] } })).length, 1)
    assert.deepEqual(
      warningsIn(parsePolicy({ allow: { or: [{ date: { before: '2020-01-01' } }] } })),
      [],
    )
  })
})
