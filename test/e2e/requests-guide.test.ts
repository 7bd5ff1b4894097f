import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe } from 'node:test'
import { parse } from 'yaml'
import { openLine, readGuide, runLine } from './guide.ts'
import { peerTest } from './peers.ts'
import { personAt } from './person.ts'
import { alice, carol, startRig, type RouteEntry } from './rig.ts'
import { posternInShell } from '../postern-program.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'requests.md')
/** The number of a request on the page. */
const numberOnPage = 'ar-5d2c0e9f1b7a4c33'

describe('docs/requests.md', () => {
  peerTest('says what works, from asking to the end, and of blocked people', [], async (scope) => {
    const service = await startService(scope, echo)
    const approvals = await startReceiver(scope)
    const guide = readGuide(await readFile(page, 'utf8'), {
      standIns: {
        '10.0.0.5:5432': `127.0.0.1:${service}`,
        'https://hooks.example.com/postern': approvals.url,
      },
    })
    const { routes } = parse(guide.block('yaml', /^routes:/)) as { routes: RouteEntry[] }
    const forward = parse(guide.block('yaml', /^audit_forward:/)) as Record<string, unknown>
    const rig = await startRig(scope, routes)
    await writeFile(
      join(rig.home, 'hook-secret'),
      `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    )
    await rig.configure((file) => ({ ...file, ...forward }))
    await rig.lines.first(({ message }) => message === 'configuration reloaded')

    const asking = await personAt(scope, rig, carol)
    const machine = await machineOf(scope, asking, asking.tcpArgs('x').slice(1, -1))
    const state = { HOME: rig.home, XDG_STATE_HOME: join(rig.home, '.state') }
    const operator = await machineOf(scope, { home: rig.home, env: { ...asking.env, ...state } })
    const operate = async (pattern: RegExp, id = numberOnPage) =>
      runLine(scope, operator, guide.command(pattern).replace(numberOnPage, id))

    assert.equal((await asking.pipe('db.example.com:5432', 'hello')).ending, 4)
    const waiting = openLine(scope, machine, guide.command(/^postern request db/))
    const [, id = ''] = await waiting.says(/asked as (ar-[0-9a-f]{16})/)
    const { event, reason, email, ...asked } = await approvals.first('access requested')
    assert.deepEqual(
      [event, reason, email],
      ['access requested', 'incident 7: slow queries', carol],
    )
    assert.deepEqual([asked['access-request-id'], asked['route-name']], [id, 'db.example.com:5432'])

    assert.match(
      (await operate(/requests list/)).output,
      new RegExp(`^${id} +${carol} .* pending`, 'm'),
    )
    assert.match(
      (await operate(/requests approve/, id)).output,
      new RegExp(`^${id}: approved until`),
    )
    assert.equal(await waiting.ended, 0, waiting.errors())
    assert.match(waiting.bytes().toString(), /given by the operator: until the hand-over$/m)
    const tunnel = asking.openPipe('db.example.com:5432')
    tunnel.stdin.write('hello')
    await tunnel.says(/hello/)
    assert.equal((await approvals.first('access approved'))['access-request-id'], id)

    const listed = await runLine(scope, machine, guide.command(/^postern request list/))
    assert.match(listed.output, new RegExp(`^${id} +db\\.example\\.com:5432 +approved`, 'm'))
    const cancel = guide.command(/^postern request cancel/).replace(numberOnPage, id)
    assert.match((await runLine(scope, machine, cancel)).output, /has ended/)
    assert.equal(await tunnel.ended, 10, tunnel.errors())

    const person = await personAt(scope, rig, alice)
    assert.equal((await person.pipe('db.example.com:5432', 'hello')).output, 'hello')
    assert.equal((await operate(/blocks add/)).output, `${alice}\n`)
    assert.match((await operate(/blocks list/)).output, /^alice@example\.com .* laptop stolen$/m)
    assert.equal((await person.pipe('db.example.com:5432', 'hello')).ending, 4)
    await operate(/blocks remove/)
    assert.equal((await person.pipe('db.example.com:5432', 'hello')).output, 'hello')
    guide.finish()
  })
})

/** A machine on which `postern` finds the rig's gateway as a reader's does: by options behind what they type. */
async function machineOf(
  scope: Scope,
  { home, env }: { readonly home: string; readonly env: Readonly<Record<string, string>> },
  options: readonly string[] = [],
) {
  const tools = join(scope.directory, `tools for ${options.length} options`)
  await mkdir(tools)
  const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ')
  const script = `#!/bin/sh\nexec ${posternInShell} "$@" ${quoted(options)}\n`
  await writeFile(join(tools, 'postern'), script, { mode: 0o755 })
  return { home, env: { ...env, PATH: `${tools}:/usr/bin:/bin` } }
}

/** Takes webhooks, and finds the first record of an event among what has come and comes. */
async function startReceiver(scope: Scope) {
  const records: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      for (const line of body.split('\n').filter((it) => it !== ''))
        records.push(JSON.parse(line) as Record<string, unknown>)
      response.end()
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scope.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const first = (event: string): Promise<Record<string, unknown>> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = records.find((record) => record['event'] === event)
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/postern`, first }
}
