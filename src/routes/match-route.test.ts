import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseAuthority } from '../address.ts'
import { testRoute } from '../gateway/gateway.fixture.ts'
import { matchRoute, RouteNotFoundError } from './match-route.ts'
import type { Route } from './route.ts'
import { createRouteTable } from './table.ts'

type MayUse = (route: Route) => boolean

const everybody: MayUse = () => true
const nobody: MayUse = () => false

describe('matching a route', () => {
  test('answers the route of an authority, whoever asks: its policy is asked later', () => {
    const table = tableOf('ssh.example.com:22')
    assert.equal(matchRoute(table, target('ssh.example.com:22'), nobody), table.routes[0])
  })

  test('names the one port there is, and what to ask for', () => {
    const error = refusal(['ssh.example.com:443'], 'ssh.example.com:22')
    assert.equal(error.message, 'no route for ssh.example.com:22; there is one for :443')
    assert.match(error.hint ?? '', /^ask for "ssh\.example\.com:443": the port is the one in/)
    assert.equal(error.code, 'route-not-found')
  })

  test('names several in order, those of wildcards included, and five at most', () => {
    const froms = ['a.example.com:300', '*.example.com:20', 'a.example.com:20', 'b.example.com:1']
    assert.deepEqual(refusal(froms, 'A.example.com:22').otherPorts, [20, 300])
    const many = [9, 8, 7, 6, 5, 4, 3].map((port) => `a.example.com:${port}`)
    assert.equal(
      refusal(many, 'a.example.com:22').message,
      'no route for a.example.com:22; there are some for :3, :4, :5, :6 and :7',
    )
  })

  test('says nothing of what the asker may not use, nor of other hosts', () => {
    const froms = ['ssh.example.com:443', 'db.example.com:5432']
    for (const error of [
      refusal(froms, 'ssh.example.com:22', nobody),
      refusal(froms, 'web.example.com:22'),
    ]) {
      assert.deepEqual(error.otherPorts, [])
      assert.match(error.message, /^no route for \S+:22$/)
      assert.match(error.hint ?? '', /^check the host and the port/)
    }
    // The port of every application, which nobody types.
    const application = refusal(froms, 'web.example.com:443')
    assert.match(application.hint ?? '', /^check the host name: "postern routes list"/)
  })

  test('asks the policy of the route that the port would lead to', () => {
    const asked: string[] = []
    const froms = ['*.example.com:443', 'ssh.example.com:443']
    refusal(froms, 'ssh.example.com:22', ({ from }) => {
      asked.push(from)
      return false
    })
    assert.deepEqual(asked, ['tcp+https://ssh.example.com:443'])
  })

  test('asks a bounded number of policies', () => {
    let count = 0
    const froms = Array.from({ length: 500 }, (_, index) => `a.example.com:${1000 + index}`)
    refusal(froms, 'a.example.com:22', () => {
      count += 1
      return false
    })
    assert.equal(count, 100)
  })
})

function refusal(
  froms: readonly string[],
  authority: string,
  mayUse: MayUse = everybody,
): RouteNotFoundError {
  try {
    matchRoute(tableOf(...froms), target(authority), mayUse)
  } catch (error) {
    assert.ok(error instanceof RouteNotFoundError)
    return error
  }
  throw new assert.AssertionError({ message: `"${authority}" has a route` })
}

function tableOf(...authorities: string[]): ReturnType<typeof createRouteTable> {
  return createRouteTable(authorities.map((authority) => testRoute(`tcp+https://${authority}`, [])))
}

function target(authority: string): { host: string; port: number } {
  const parsed = parseAuthority(authority)
  assert.ok(parsed)
  return parsed
}
