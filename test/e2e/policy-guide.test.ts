import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { parse } from 'yaml'
import { readGuide, failLine, runLine } from './guide.ts'
import { peerTest } from './peers.ts'
import { personAt } from './person.ts'
import { echo, startService } from './services.ts'
import { alice, startRig, type RouteEntry } from './rig.ts'
import { posternInShell } from '../postern-program.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'policy-tests.md')

describe('docs/policy-tests.md', () => {
  peerTest('says what works, by a file alone and by a running gateway', [], async (scope) => {
    const running = join(scope.directory, 'gateway', 'postern.yaml')
    const service = await startService(scope, echo)
    const guide = readGuide(await readFile(page, 'utf8'), {
      standIns: {
        '/etc/postern/postern.yaml': running,
        '10.0.0.5:5432': `127.0.0.1:${service}`,
      },
    })
    const home = join(scope.directory, 'repository')
    await mkdir(home)
    const configuration = guide.block('yaml', /^routes:/m)
    const directory = guide.block('yaml', /^groups:/)
    const tests = guide.block('yaml', /^tests:/)
    await writeFile(join(home, 'postern.yaml'), configuration)
    await writeFile(join(home, 'groups.yaml'), directory)
    await writeFile(join(home, 'policy-tests.yaml'), tests)
    await writeFile(
      join(home, 'proposed.yaml'),
      configuration.replace('mallory@example.com', 'bob@example.com'),
    )
    const tools = join(scope.directory, 'tools')
    await mkdir(tools)
    const shim = `#!/bin/sh\nexec ${posternInShell} "$@"\n`
    await writeFile(join(tools, 'postern'), shim, { mode: 0o755 })
    const machine = { home, env: { HOME: home, PATH: `${tools}:/usr/bin:/bin` } }

    const plain = guide.command(/^postern policy test -c postern\.yaml$/)
    const passed = await runLine(scope, machine, plain)
    assert.match(passed.errors, /4 tests passed, 0 failed/)
    await runLine(scope, machine, guide.command(/--junit/))
    assert.match(await readFile(join(home, 'policy.xml'), 'utf8'), /tests="4" failures="0"/)
    await runLine(scope, machine, guide.command(/--json/))
    assert.equal(JSON.parse(await readFile(join(home, 'policy.json'), 'utf8')).passed, 4)
    const explained = await runLine(scope, machine, guide.command(/--offline --at/))
    assert.equal(explained.output, guide.block('text'))
    const compared = await runLine(scope, machine, guide.command(/policy diff/))
    assert.match(compared.output, /^db\.example\.com:5432 +mallory@example\.com +deny +allow/m)

    await writeFile(
      join(home, 'policy-tests.yaml'),
      tests.replace('expect: sign-in', 'expect: allow'),
    )
    await failLine(
      scope,
      machine,
      plain,
      /FAIL {2}strangers sign in first .*policy-tests\.yaml:\d+/,
    )

    const { routes, policies } = parse(configuration) as { routes: RouteEntry[]; policies: unknown }
    const groups = join(scope.directory, 'groups.yaml')
    await writeFile(groups, directory)
    const rig = await startRig(scope, routes, { directory: groups, policies })
    const person = await personAt(scope, rig, alice)
    assert.equal((await person.pipe('db.example.com:5432', 'hello')).output, 'hello')
    const operator = {
      home: rig.home,
      env: { ...machine.env, XDG_STATE_HOME: join(rig.home, '.state') },
    }
    const ask = async (pattern: RegExp) =>
      (await runLine(scope, operator, guide.command(pattern))).output
    assert.match(await ask(/policy explain alice/), /^allow: alice@example\.com on route/)
    const who = await ask(/policy who-can/)
    assert.match(who, /^alice@example\.com +person +allow +groups-ok +session$/m)
    assert.doesNotMatch(who, /mallory/)
    assert.match(await ask(/policy what-can/), /^db\.example\.com:5432 .* allow +groups-ok +db$/m)
    guide.finish()
  })
})
