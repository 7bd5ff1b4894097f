import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { decideAboutDevice } from './approve.ts'
import { inTime, type Child } from './child.ts'
import { openLine, readGuide, runLine, type Guide } from './guide.ts'
import { peerTest } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { allRegistered, siteFor } from './publisher.ts'
import { alice, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'connectors.md')
/** Run by the tests of those guides. */
const elsewhere = 'The services of the guides'

/** The parts of the page, by their headings. */
async function partsOf(standIns: Readonly<Record<string, string>>): Promise<Map<string, Guide>> {
  const [, ...parts] = (await readFile(page, 'utf8')).split(/^##+ /m)
  const guides = parts.map((part): [string, Guide] => {
    const heading = part.split('\n')[0] ?? ''
    const said = Object.entries(standIns).filter(([text]) => part.includes(text))
    return [heading, readGuide(part, { standIns: Object.fromEntries(said) })]
  })
  return new Map(guides.filter(([heading]) => heading !== elsewhere))
}

interface Reader {
  readonly scope: Scope
  readonly rig: GatewayRig
  readonly person: Person
  part(heading: string): Guide
}

describe('docs/connectors.md', () => {
  peerTest('says what works, on a real gateway', [], async (scope) => {
    const service = await startService(scope, echo)
    const policies = [{ action: 'allow', include: [{ email: alice }] }]
    const access = ['tcp.site.com', 'db.site.com'].map((hostname) => ({ hostname, policies }))
    const rig = await startRig(scope, [], { ...(await siteFor(scope, 'site.com', alice)), access })
    const parts = await partsOf({
      'https://gw.site.com': `${rig.origin} --ca-file ${rig.caFile} --no-browser`,
      'localhost:7870': `localhost:${service}`,
      'localhost:5432': `localhost:${service}`,
      // The unit alone: installing it is tried with a real systemd's own checks.
      'sudo postern service install': 'postern service install --print',
    })
    const reader: Reader = {
      scope,
      rig,
      person: await personAt(scope, rig, alice),
      part(heading) {
        const guide = parts.get(heading)
        assert.ok(guide, `the page has no part "${heading}"`)
        return guide
      },
    }
    await checkOneLine(reader)
    await checkSteps(reader)
    await checkRules(reader)
    await checkKeys(reader)
    await checkUnit(reader)
    // What is said is quoted there, and asserted of the program elsewhere.
    reader.part('Who is the gateway').block('text')
    for (const guide of parts.values()) guide.finish()
  })
})

async function checkOneLine({ scope, rig, person, part }: Reader): Promise<void> {
  const guide = part('In one line')
  const login = openLine(scope, person, guide.command(/^postern tunnel login/))
  const [, address = ''] = await login.says(/\n {2}(https:\/\/\S+)\n/)
  await decideAboutDevice(rig, address, alice, 'approve')
  assert.equal(await login.ended, 0, login.errors())
  await connects(scope, person, guide.command(/^postern tunnel --hostname/))
}

async function checkSteps({ scope, person, part }: Reader): Promise<void> {
  const guide = part('In one line')
  const run = (pattern: RegExp) => runLine(scope, person, guide.command(pattern))
  await run(/tunnel create/)
  assert.match((await run(/route dns/)).errors, /"db\.site\.com" leads to the tunnel "db"/)
  await run(/tunnel token/)
  await connects(scope, person, guide.command(/tunnel run --token-file/))
}

async function checkRules({ scope, person, part }: Reader): Promise<void> {
  const path = join(person.home, 'config.yml')
  await writeFile(path, part('Several services').block('yaml'))
  const run = (line: string) => runLine(scope, person, `postern tunnel ${line} --config config.yml`)
  assert.match((await run('ingress validate')).errors, /4 rules/)
  assert.match((await run('ingress rule a.db.site.com')).output, /tcp:\/\/db\.internal:5432/)
  await connects(scope, person, 'postern tunnel run --config config.yml')
}

/** As the gateway's own user, beside its file. */
async function checkKeys({ scope, rig, person, part }: Reader): Promise<void> {
  const state = { HOME: rig.home, XDG_STATE_HOME: join(rig.home, '.state') }
  const operator = { home: rig.home, env: { ...person.env, ...state } }
  const guide = part('Another key for grants')
  const [rotate, list, ...others] = guide.commands()
  assert.match(list ?? '', /keys list/)
  for (const line of [rotate, list, ...others]) await runLine(scope, operator, line ?? '')
  // The former one is forgotten, and the token that names it worth nothing.
  const late = openLine(scope, person, 'postern tunnel run --config config.yml')
  assert.equal(await inTime(late.ended, () => late.errors()), 4, late.errors())
}

async function checkUnit({ scope, person, part }: Reader): Promise<void> {
  const line = part('At boot').command(/service install/)
  assert.match((await runLine(scope, person, line)).output, /^LoadCredential=token:/m)
}

/** A connector that registers all of its connections, and ends as it should when it is asked to. */
async function connects(scope: Scope, person: Person, line: string): Promise<void> {
  const connector: Child = openLine(scope, person, line)
  await allRegistered(connector)
  connector.signal('SIGTERM')
  assert.equal(await inTime(connector.ended, () => connector.errors()), 0, connector.errors())
}
