import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatAuthority, parseAuthority } from '../address.ts'
import { testRoute } from '../gateway/gateway.fixture.ts'
import { parseFrom } from './from.ts'
import type { TargetPattern } from './from.ts'
import type { Route } from './route.ts'
import { coversTarget, createRouteTable, matchesWildcard } from './table.ts'

function route(from: string): Route {
  return { ...testRoute('tcp+https://any.example.com:1', []), id: from, name: from, from }
}

function matched(froms: readonly string[], authority: string): string | undefined {
  const parsed = parseAuthority(authority)
  assert.ok(parsed, authority)
  return createRouteTable(froms.map(route)).match(parsed)?.from
}

function targetOf(from: string): TargetPattern {
  const parsed = parseFrom(`tcp+https://${from}`)
  assert.ok('targets' in parsed && parsed.targets[0] !== undefined)
  return parsed.targets[0]
}

test('a wildcard of the store is tried after those of the file, whatever the alphabet says', () => {
  const [stored, file] = ['*.example.com:22', 'db-*.example.com:22'].map((it) =>
    route(`tcp+https://${it}`),
  )
  assert.ok(stored && file)
  const at = { host: 'db-1.example.com', port: 22 }
  assert.equal(createRouteTable([stored, file]).match(at)?.from, stored.from)
  const table = createRouteTable([{ ...stored, isStored: true }, file])
  assert.equal(table.match(at)?.from, file.from)
  assert.equal(table.match({ host: 'web.example.com', port: 22 })?.from, stored.from)
})

const host = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z]{1,8}){0,3}$/),
  fc.ipV4(),
  fc.constantFrom('[::1]', '[2001:db8::7]'),
)
const port = fc.integer({ min: 1, max: 65_535 })

describe('a route table', () => {
  test('finds every exact from by itself, in any case', () => {
    fc.assert(
      fc.property(host, port, fc.array(host), (host, port, others) => {
        const from = `tcp+https://${host}:${port}`
        const wide = ['tcp+https://*', ...others.map((other) => `tcp+https://${other}`)]
        assert.equal(matched([...wide, from], `${host.toUpperCase()}:${port}`), from)
      }),
    )
  })

  test('tells ports apart', () => {
    assert.equal(matched(['tcp+https://ssh.example.com:443'], 'ssh.example.com:22'), undefined)
  })

  test('prefers host and port, then the host with any port, then wildcards', () => {
    const froms = ['tcp+https://*.b:22', 'tcp+https://a.b', 'tcp+https://a.b:22']
    assert.equal(matched(froms, 'a.b:22'), 'tcp+https://a.b:22')
    assert.equal(matched(froms, 'a.b:23'), 'tcp+https://a.b')
    assert.equal(matched(froms, 'c.b:22'), 'tcp+https://*.b:22')
    assert.equal(matched(froms, 'c.b:23'), undefined)
  })

  test('tries wildcards in the order of their from, however they were given', () => {
    const froms = ['tcp+https://*.prod.b:22', 'tcp+https://*.b:22']
    assert.equal(matched(froms, 'x.prod.b:22'), 'tcp+https://*.b:22')
    assert.equal(matched(froms.toReversed(), 'x.prod.b:22'), 'tcp+https://*.b:22')
  })

  test('knows each target of the extended form, and not its gateway', () => {
    const from = 'tcp+https://gate.b/a:22/c:23'
    assert.equal(matched([from], 'a:22'), from)
    assert.equal(matched([from], 'c:23'), from)
    assert.equal(matched([from], 'gate.b:22'), undefined)
  })

  test('knows the ports of a host, lowest first, and none of one that takes any port', () => {
    const froms = ['a.b:443', 'a.b:22', 'd', '*.c', '*.c:23', '*.b:9'].map(
      (at) => `tcp+https://${at}`,
    )
    const table = createRouteTable(froms.map(route))
    assert.deepEqual(table.portsOf('A.b'), [9, 22, 443])
    assert.deepEqual(table.portsOf('x.c'), [23])
    assert.deepEqual(['d', 'c'].map(table.portsOf), [[], []])
  })

  test('refuses a from that was never checked', () => {
    assert.throws(() => createRouteTable([route('ssh.example.com')]), TypeError)
  })
})

describe('a target covers another', () => {
  test('when every authority of that one belongs to it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(letters, letters, fc.stringMatching(/^[ab]{1,3}$/), (first, second, filling) => {
        const [wide, narrow] = [targetOf(`${first}x`), targetOf(`${second}x:22`)]
        if (!coversTarget(wide, narrow)) return
        const authority = formatAuthority({ host: narrow.host.replaceAll('*', filling), port: 22 })
        const wideFrom = `tcp+https://${wide.host}`
        assert.equal(matched([wideFrom], authority), wideFrom)
      }),
      { numRuns: 2000 },
    )
  })

  test('and a port does not cover any port', () => {
    assert.ok(coversTarget(targetOf('*.b'), targetOf('*.a.b:22')))
    assert.ok(!coversTarget(targetOf('*.b:22'), targetOf('*.a.b')))
    assert.ok(!coversTarget(targetOf('*.a.b'), targetOf('*.b')))
  })
})

/** Slow, and obviously right. */
function matchesByRegex(pattern: string, text: string): boolean {
  const parts = pattern.split(/\*+/).map((part) => part.replaceAll('.', '\\.'))
  return new RegExp(`^${parts.join('.+')}$`).test(text)
}

describe('a wildcard', () => {
  test('matches what a regular expression would', () => {
    const letters = (...extra: string[]) =>
      fc.string({ unit: fc.constantFrom('a', 'b', '.', ...extra), maxLength: 12 })
    fc.assert(
      fc.property(letters('*', '*'), letters(), (pattern, text) => {
        assert.equal(matchesWildcard(pattern, text), matchesByRegex(pattern, text))
      }),
      { numRuns: 5000 },
    )
  })

  test('matches every text that its stars are filled with', () => {
    const parts = fc.array(fc.stringMatching(/^[a-z.]{0,4}$/), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(parts, fc.stringMatching(/^[a-z.]{1,5}$/), (parts, filling) => {
        assert.ok(matchesWildcard(parts.join('*'), parts.join(filling)))
      }),
    )
  })

  test('stands for at least one character, dots included', () => {
    assert.ok(matchesWildcard('*.example.com', 'a.b.example.com'))
    assert.ok(!matchesWildcard('*.example.com', '.example.com'))
    assert.ok(!matchesWildcard('*.example.com', 'example.com'))
    assert.ok(!matchesWildcard('*.example.com', 'a.example.com.evil.org'))
    assert.ok(!matchesWildcard('a*a', 'aa'))
    assert.ok(matchesWildcard('*', 'a'))
    assert.ok(!matchesWildcard('*', ''))
  })

  test('that would make a regular expression explode is answered at once', () => {
    const pattern = `${'a*'.repeat(100)}b`
    assert.ok(!matchesWildcard(pattern, 'a'.repeat(100_000)))
  })
})
