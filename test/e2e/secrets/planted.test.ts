import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { mainPath } from '../../postern-program.ts'
import { runChild, startChild } from '../child.ts'
import { inScope, type Scope } from '../scope.ts'
import { watchMetrics } from './gateway.ts'
import { hearHttp } from './heard.ts'
import { openWatch } from './watch.ts'

// Each plants a secret where none belongs, as a program with a fault would: a search that does not find it is none.

const token = `${randomBytes(24).toString('base64url')}+/="`

/** Rejects with what was found. */
function searched(run: (scope: Scope) => Promise<void>): Promise<void> {
  return inScope(
    async (scope) => {
      scope.secrets.add('session token', token)
      await run(scope)
    },
    () => undefined,
    true,
  )
}

/** Runs a script that passes for the program. */
async function play(
  scope: Scope,
  script: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const line = ['-e', script, mainPath, 'tcp', ...args]
  await runChild(scope, process.execPath, line, { env, input: token })
}

const sayInput = (how: string): string =>
  `process.stdin.on('data', (it) => process.stderr.write('so: ' + ${how} + ' it was'))`

describe('a secret that a program has where none belongs is found', () => {
  const ways: Readonly<Record<string, string>> = {
    'as it is': 'it',
    'in base64url': "it.toString('base64url')",
    'percent-encoded': 'encodeURIComponent(it)',
    'in JSON': 'JSON.stringify(String(it))',
  }
  for (const [name, how] of Object.entries(ways)) {
    test(`in its log, ${name}`, async () => {
      await assert.rejects(
        searched((scope) => play(scope, sayInput(how))),
        /a session token in stderr of postern tcp/,
      )
    })
  }

  test('on its argument list', async () => {
    await assert.rejects(
      searched((scope) => play(scope, '', ['--secret', token])),
      /a session token in arguments of postern tcp/,
    )
  })

  test('in its environment', async () => {
    await assert.rejects(
      searched((scope) => play(scope, '', [], { SECRET: token })),
      /a session token in environment of postern tcp/,
    )
  })

  test('in a label of a metric', async () => {
    const run = async (scope: Scope): Promise<void> => {
      const label = JSON.stringify(token)
      const server = createServer((_request, response) => {
        response.setHeader('content-type', 'text/plain').end(`tunnels{session=${label}} 1\n`)
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      scope.defer(() => void server.close())
      const line = ['-e', 'process.stdin.resume()', mainPath]
      const child = startChild(scope, process.execPath, line)
      watchMetrics(scope, child, `127.0.0.1:${(server.address() as AddressInfo).port}`)
    }
    await assert.rejects(searched(run), /a session token in metrics of the gateway/)
  })

  test('in an audit record, and not in the file that keeps it', async () => {
    const keep = async (scope: Scope, name: string, text: string): Promise<void> => {
      const home = join(scope.directory, 'gateway')
      await mkdir(join(home, 'audit'), { recursive: true })
      await writeFile(join(home, name), text)
      scope.secrets.home(home)
    }
    const record = JSON.stringify({ event: 'signed in', with: token })
    await assert.rejects(
      searched((scope) => keep(scope, 'audit/people-2026-11-30.jsonl', record)),
      /a session token in file audit\/people-2026-11-30\.jsonl/,
    )
    await searched((scope) => keep(scope, 'shared_secret', token))
  })

  test('in a page', async () => {
    const run = async (scope: Scope): Promise<void> => {
      const server = createServer((_request, response) => {
        response.setHeader('content-type', 'text/html').end(`<p>${encodeURIComponent(token)}</p>`)
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      scope.defer(() => void server.close())
      await fetchByNode(`http://127.0.0.1:${(server.address() as AddressInfo).port}/home`)
    }
    await assert.rejects(searched(run), /a session token in page http:\/\/127\.0\.0\.1:\d+\/home/)
  })
})

describe('a test in which somebody signs in', () => {
  test('fails when nothing was collected of that', async () => {
    const watch = openWatch(true)
    watch.provider({ issuer: new URL('http://127.0.0.1:1'), signInCount: 1 })
    assert.deepEqual(
      await watch.end(),
      ['cookie', 'state', 'code', 'provider token'].map((kind) => `no ${kind} was collected`),
    )
  })

  test('collects cookies, codes and states of whatever passes through its process', async () => {
    const watch = openWatch(true)
    const found: string[] = []
    const values = ['cookie', 'code', 'state', 'token'].map((name) => `${name}-of-a-sign-in`)
    const [cookie, code, state, bearer] = values
    using _hearing = hearHttp({ ...watch, add: (_kind, secret) => void found.push(String(secret)) })
    const server = createServer((_request, response) => {
      response.setHeader('set-cookie', `name=${cookie}; Path=/`)
      response.writeHead(302, { location: `/callback?code=${code}&state=${state}` }).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await fetchByNode(`http://127.0.0.1:${port}/`, { authorization: `Bearer Pomerium-${bearer}` })
    server.close()
    assert.deepEqual(new Set(found), new Set(values))
  })
})

async function fetchByNode(url: string, headers: OutgoingHttpHeaders = {}): Promise<void> {
  const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage]
  await once(response.resume(), 'end')
}
