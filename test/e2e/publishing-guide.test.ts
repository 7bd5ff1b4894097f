import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { parse } from 'yaml'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { decideAboutDevice } from './approve.ts'
import { openLine, readGuide, runLine } from './guide.ts'
import { startBind } from './peers/bind.ts'
import { peerTest } from './peers.ts'
import { personAt } from './person.ts'
import { alice, startRig } from './rig.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'publishing.md')

describe('docs/publishing.md', () => {
  peerTest('says what works, on a real gateway and a real DNS server', ['BIND'], async (scope) => {
    const bind = await startBind(scope)
    const files = join(scope.directory, 'site')
    await mkdir(files)
    const standIns = {
      '127.0.0.1:53': `127.0.0.1:${bind.settings.server.port}`,
      'site.crt': join(files, 'site.crt'),
      'site.key': join(files, 'site.key'),
      'postern-key.secret': join(files, 'postern-key.secret'),
    }
    const text = await readFile(page, 'utf8')
    const settings = parse(readGuide(text, { standIns }).block('yaml')) as object
    const { cert, key } = await (await createCertificateAuthority()).issue(['*.site.com'])
    await writeFile(standIns['site.crt'], cert)
    await writeFile(standIns['site.key'], key, { mode: 0o600 })
    const secret = Buffer.from(bind.settings.key.secret).toString('base64')
    await writeFile(standIns['postern-key.secret'], secret, { mode: 0o600 })

    const rig = await startRig(scope, [], { ...settings })
    const publisher = await personAt(scope, rig, alice)
    const more = `--ca-file ${rig.caFile} --no-browser`
    const guide = readGuide(text, {
      standIns: {
        ...standIns,
        'https://gw.site.com': `${rig.origin} ${more}`,
        'postern.yaml': rig.configPath,
      },
    })
    // Read above.
    guide.block('yaml')
    assert.match(guide.block('', /postern-key/), /grant postern-key wildcard \*\.site\.com\./)

    const login = openLine(scope, publisher, guide.command(/tunnel login/))
    const [, address = ''] = await login.says(/\n {2}(https:\/\/\S+)\n/)
    await decideAboutDevice(rig, address, alice, 'approve')
    assert.equal(await login.ended, 0, login.errors())

    const run = (pattern: RegExp) => runLine(scope, publisher, guide.command(pattern))
    await run(/tunnel create/)
    await run(/route dns web/)
    assert.deepEqual(await bind.lookUp('web.site.com', 'CNAME'), ['gw.example.com.'])
    assert.match((await run(/tunnel list/)).output, /^web .* web\.site\.com$/m)
    assert.match((await run(/tunnel info/)).output, /^host names +web\.site\.com$/m)
    await run(/tunnel token --output/)
    const file = join(publisher.home, 'web.token')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const before = await readFile(file, 'utf8')
    await run(/tunnel token --rotate/)
    assert.notEqual(await readFile(file, 'utf8'), before)
    await run(/route dns --remove/)
    assert.deepEqual(await bind.lookUp('web.site.com', 'CNAME'), [])

    const operator = {
      home: rig.home,
      env: { ...publisher.env, HOME: rig.home, XDG_STATE_HOME: join(rig.home, '.state') },
    }
    assert.match((await runLine(scope, operator, guide.command(/publishers list/))).output, /alice/)
    await run(/tunnel delete/)
    await runLine(scope, operator, guide.command(/publishers revoke/))
    guide.finish()
  })
})
