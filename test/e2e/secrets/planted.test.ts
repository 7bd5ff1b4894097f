import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { mainPath } from '../../postern-program.ts'
import { startChild, type Child } from '../child.ts'
import type { Scope } from '../scope.ts'
import { watchMetrics } from './gateway.ts'
import { hearHttp } from './heard.ts'
import { play, searched, token } from './plant.ts'
import { openWatch } from './watch.ts'

const sayInput = (how: string): string =>
  `process.stdin.on('data', (it) => process.stderr.write('so: ' + ${how} + ' it was'))`

const asking: readonly (readonly [string, Ask])[] = [
  ['node:http', askByNode],
  ['fetch', askByFetch],
]

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
      // What is found is not said.
      ({ message }: Error) =>
        /a session token in arguments of postern tcp/.test(message) && !message.includes(token),
    )
  })

  test('in its environment', async () => {
    await assert.rejects(
      searched((scope) => play(scope, '', [], { SECRET: token })),
      /a session token in environment of postern tcp/,
    )
  })

  const startIdle = (scope: Scope): Child =>
    startChild(scope, process.execPath, ['-e', 'process.stdin.resume()', mainPath], {
      endSignal: 'SIGKILL',
    })

  test('in a label of a metric', async () => {
    const run = async (scope: Scope): Promise<void> => {
      const label = JSON.stringify(token)
      const address = await answers(scope, 'text/plain', `tunnels{session=${label}} 1\n`)
      watchMetrics(scope, startIdle(scope), address)
    }
    await assert.rejects(searched(run), /a session token in metrics of the gateway/)
  })

  test('where metrics do not come, the wait has an end; one that is stopped is not waited for', async () => {
    const run = async (scope: Scope, signal?: NodeJS.Signals): Promise<void> => {
      const server = createTcpServer().listen(0, '127.0.0.1')
      scope.defer(() => void server.close())
      await once(server, 'listening')
      const child = startIdle(scope)
      if (signal !== undefined) child.signal(signal)
      watchMetrics(scope, child, addressOf(server), 500)
    }
    await assert.rejects(
      searched((scope) => run(scope)),
      /abort/,
    )
    await searched((scope) => run(scope, 'SIGSTOP'))
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

  for (const [name, ask] of asking) {
    test(`in a page, asked for by ${name}`, async () => {
      const run = async (scope: Scope): Promise<void> => {
        const html = `<p>${encodeURIComponent(token)}</p>`
        await ask(`http://${await answers(scope, 'text/html', html)}/home`)
      }
      await assert.rejects(searched(run), /a session token in page http:\/\/127\.0\.0\.1:\d+\/home/)
    })
  }
})

describe('a test in which somebody signs in', () => {
  test('fails when nothing was collected of that', async () => {
    const watch = openWatch(true)
    watch.provider({ issuer: new URL('http://127.0.0.1:1'), signInCount: 1 })
    assert.deepEqual(
      await watch.end(),
      ['cookie', 'state', 'code'].map((kind) => `no ${kind} was collected`),
    )
  })

  for (const [name, ask] of asking) {
    test(`collects cookies, codes and states of whatever it asks by ${name}`, async () => {
      const found: string[] = []
      const values = ['cookie', 'code', 'state', 'token'].map((it) => `${it}-of-a-sign-in`)
      const [cookie, code, state, bearer] = values
      const add = (_kind: unknown, secret: unknown): void => void found.push(String(secret))
      using _hearing = hearHttp({ ...openWatch(true), add })
      // Not a server of node:http, which would be heard as well.
      const server = createTcpServer((socket) => {
        const lines = [
          'HTTP/1.1 302 Found',
          `set-cookie: name=${cookie}; Path=/`,
          `location: /callback?code=${code}&state=${state}`,
          'content-length: 0',
        ]
        socket.once('data', () => void socket.end(`${lines.join('\r\n')}\r\n\r\n`))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      await ask(`http://${addressOf(server)}/`, { authorization: `Bearer Pomerium-${bearer}` })
      server.close()
      assert.deepEqual(new Set(found), new Set(values))
    })
  }
})

/** Serves one answer to whoever asks; resolves to the address. */
async function answers(scope: Scope, type: string, body: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', type).end(body)
  }).listen(0, '127.0.0.1')
  scope.defer(() => void server.close())
  await once(server, 'listening')
  return addressOf(server)
}

function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Ask = (url: string, headers?: Readonly<Record<string, string>>) => Promise<void>

async function askByNode(...[url, headers = {}]: Parameters<Ask>): Promise<void> {
  const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage]
  await once(response.resume(), 'end')
}

async function askByFetch(...[url, headers = {}]: Parameters<Ask>): Promise<void> {
  const asked = { headers: { ...headers, connection: 'close' }, redirect: 'manual' } as const
  await (await fetch(url, asked)).text()
}
