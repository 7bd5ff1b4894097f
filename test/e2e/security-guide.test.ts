import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { readGuide, runLine } from './guide.ts'
import { maxBulkTestMs, peerTest } from './peers.ts'
import { personAt } from './person.ts'
import { publisherAt, siteFor } from './publisher.ts'
import { alice, bob, route, startRig } from './rig.ts'
import { posternInShell } from '../postern-program.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'security.md')
const notRun = {
  'npm run guards                                  # all of them':
    'it takes minutes, and `test/guards/guards.test.ts` is its short form',
  'npm run fuzz                                                       # 5 minutes for all of them':
    'they take minutes, and `fuzz/fuzz.test.ts` is their short form',
}

describe('docs/security.md', () => {
  peerTest(
    'its commands rotate what they say, and sign nobody out',
    [],
    async (scope) => {
      const service = await startService(scope, echo)
      const secrets = join(scope.directory, 'secrets')
      await mkdir(secrets, { mode: 0o700 })
      for (const name of ['shared-secret', 'cookie-secret'])
        await writeFile(join(secrets, name), `${randomBytes(32).toString('base64')}\n`, {
          mode: 0o600,
        })
      const rig = await startRig(scope, [route('db.example.com:5432', service, [bob])], {
        ...(await siteFor(scope, 'site.com', alice)),
        shared_secret_file: join(secrets, 'shared-secret'),
        cookie_secret_file: join(secrets, 'cookie-secret'),
      })
      const guide = readGuide(await readFile(page, 'utf8'), {
        notRun,
        standIns: {
          '/etc/postern/postern.yaml': rig.configPath,
          '/etc/postern/shared-secret': join(secrets, 'shared-secret'),
          '/etc/postern/cookie-secret': join(secrets, 'cookie-secret'),
        },
      })
      const tools = join(scope.directory, 'tools of the gateway')
      await mkdir(tools)
      const shim = `#!/bin/sh\nexec ${posternInShell} "$@"\n`
      await writeFile(join(tools, 'postern'), shim, { mode: 0o755 })
      const state = { HOME: rig.home, XDG_STATE_HOME: join(rig.home, '.state') }
      const operator = { home: rig.home, env: { ...state, PATH: `${tools}:/usr/bin:/bin` } }
      const run = (pattern: RegExp) => runLine(scope, operator, guide.command(pattern))

      // Somebody who is signed in with a tunnel that is open, a program, and a connector.
      const person = await personAt(scope, rig, bob)
      const tunnel = person.openPipe('db.example.com:5432')
      const answers = async (words: string): Promise<void> => {
        tunnel.stdin.write(words)
        await tunnel.says(new RegExp(words))
      }
      await answers('first')
      const signIns = await person.browserStarts()
      const publisher = await publisherAt(scope, rig, alice, 'web')
      await publisher.startConnector(
        'run',
        '--token-file',
        publisher.tokenFile,
        '--url',
        `tcp://127.0.0.1:${service}`,
      )
      await rig.postern('service-account', 'create', 'backup', '--output', 'backup.token')

      // What the gateway encrypts and signs with: the tunnel goes on through all of it.
      await run(/^postern gateway keys rotate -c \S+$/)
      for (const purpose of [
        'connector-grant',
        'ssh-ca',
        'application-token',
        'connector-ca',
        'audit',
      ]) {
        const made = (await run(new RegExp(` rotate .* ${purpose}$`))).output.trim()
        assert.match(made, /^[\w-]{43}$/, purpose)
        if (purpose === 'ssh-ca') await run(/gateway ssh-ca /)
        // Its name, and not that of the new one: it is worth nothing any more.
        const forgotten = (await run(new RegExp(` forget .* ${purpose}$`))).output.trim()
        assert.match(forgotten, /^[\w-]{43}$/, purpose)
        assert.notEqual(forgotten, made)
      }
      const [oldAccount, newAccount] = [
        await readFile(join(rig.home, 'backup.token'), 'utf8'),
        (await run(/service-account rotate/),
        await readFile(join(rig.home, 'backup.token'), 'utf8')),
      ]
      assert.notEqual(oldAccount, newAccount)
      await answers('second')
      assert.equal((await person.pipe('db.example.com:5432', 'third')).output, 'third')

      // Both secrets: whoever is signed in stays so over the restart, and connectors come back.
      for (const name of ['shared-secret', 'cookie-secret']) {
        await run(new RegExp(`cat \\S+/${name}\\)`))
        await run(new RegExp(`^mv \\S+${name}.new`))
        assert.equal((await readFile(join(secrets, name), 'utf8')).trim().split('\n').length, 2)
      }
      tunnel.stdin.end()
      await tunnel.ended
      await rig.stop()
      await rig.start()
      assert.equal((await person.pipe('db.example.com:5432', 'fourth')).output, 'fourth')
      assert.deepEqual(await person.browserStarts(), signIns)

      // A new token of the tunnel is in the place of the old one, and ends nobody's session.
      const oldToken = await readFile(publisher.tokenFile, 'utf8')
      await runLine(scope, publisher, guide.command(/tunnel token --rotate/))
      assert.notEqual(await readFile(publisher.tokenFile, 'utf8'), oldToken)
      assert.equal((await person.pipe('db.example.com:5432', 'fifth')).output, 'fifth')
      assert.deepEqual(await person.browserStarts(), signIns)

      await run(/publishers revoke/)
      assert.equal((await person.pipe('db.example.com:5432', 'sixth')).output, 'sixth')
      assert.match((await run(/sessions revoke/)).output, /./)
      guide.finish()
    },
    maxBulkTestMs,
  )
})
