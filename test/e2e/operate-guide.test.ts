import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { posternInShell } from '../postern-program.ts'
import { failLine, readGuide, runLine } from './guide.ts'
import { peerTest } from './peers.ts'
import { personAt } from './person.ts'
import { alice, bob, route, startRig } from './rig.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'operate.md')

describe('docs/operate.md', () => {
  peerTest('says what works, from init to what is lost', [], async (scope) => {
    const service = await startService(scope, echo)
    const rig = await startRig(scope, [route('db.example.com:5432', service, [alice, bob])])
    const backups = join(scope.directory, 'backups')
    const made = join(scope.directory, 'made')
    await mkdir(made)
    await writeFile(join(made, 'secret'), 'a secret\n', { mode: 0o600 })
    const guide = readGuide(await readFile(page, 'utf8'), {
      standIns: {
        'init /etc/postern/postern.yaml': `init ${join(made, 'postern.yaml')}`,
        '/etc/postern/idp-client-secret': join(made, 'secret'),
        '/etc/postern/postern.yaml': rig.configPath,
        '/var/backups': backups,
      },
    })
    const tools = join(scope.directory, 'tools')
    await mkdir(tools)
    const script = `#!/bin/sh\nexec ${posternInShell} "$@"\n`
    await writeFile(join(tools, 'postern'), script, { mode: 0o755 })
    const operator = {
      home: rig.home,
      env: {
        HOME: rig.home,
        XDG_STATE_HOME: join(rig.home, '.state'),
        PATH: `${tools}:/usr/bin:/bin`,
      },
    }
    const run = (pattern: RegExp) => runLine(scope, operator, guide.command(pattern))

    // Without a terminal it says what it would ask.
    await failLine(
      scope,
      operator,
      guide.command(/^postern gateway init$/),
      /what is needed is not said/,
    )
    await run(/gateway init \S+ --host/)
    assert.match((await run(/gateway check/)).errors, /is valid: 1 route/)

    const person = await personAt(scope, rig, alice)
    const tunnel = person.openPipe('db.example.com:5432')
    tunnel.stdin.write('hello')
    await tunnel.says(/hello/)
    assert.match((await run(/sessions list/)).output, /alice@example\.com/)
    assert.match((await run(/tunnels list/)).output, /alice@example\.com/)
    await run(/connectors list/)
    assert.match((await run(/audit list/)).output, /alice@example\.com/)

    const backup = await run(/^postern gateway backup .*monday/)
    assert.match(backup.errors, /copied and checked: \d+ files, .*, 1 session$/m)
    assert.match((await run(/restore --check/)).errors, /is whole: of .*, 1 session$/m)

    await run(/tunnels cut/)
    assert.equal(await tunnel.ended, 10, tunnel.errors())
    await run(/sessions revoke/)
    await run(/blocks add/)
    assert.equal((await person.pipe('db.example.com:5432', 'hello')).ending, 3)
    await run(/keys list/)
    await run(/keys rotate/)

    await run(/backup .*before-upgrade/)
    await rig.stop()
    const restored = await run(/restore -c .*monday/)
    assert.match(restored.errors, /^ended 1 session: people sign in again$/m)
    const state = restored.output.trim()
    assert.equal(
      (await readdir(state)).filter((name) => name.startsWith('before-restore-')).length,
      1,
    )
    await rig.start()
    // The block is of after the backup; the session was ended since, and has not come back.
    const again = person
    assert.equal((await again.pipe('db.example.com:5432', 'hello')).output, 'hello')
    await rig.stop()
    await run(/restore -c .*before-upgrade/)
    await rig.start()
    assert.equal((await again.pipe('db.example.com:5432', 'hello')).ending, 3)
    guide.finish()
  })
})
