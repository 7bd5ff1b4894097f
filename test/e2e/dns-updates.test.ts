import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { DnsSettings } from '../../src/publish/dns/settings.ts'
import type { ZoneRecord } from '../../src/publish/dns/message.ts'
import { addRecords, removeRecords } from '../../src/publish/dns/update-zone.ts'
import { startBind } from './peers/bind.ts'
import { peerTest } from './peers.ts'

const record: ZoneRecord = { name: 'tcp.site.com', type: 'CNAME', value: 'gw.example.com' }
const now = () => Date.now()

describe('the records of published names in a real BIND', () => {
  peerTest('are written, written again, and removed', ['BIND'], async (scope) => {
    const { settings, lookUp } = await startBind(scope)
    await addRecords(settings, [record], now)
    assert.deepEqual(await lookUp('tcp.site.com', 'CNAME'), ['gw.example.com.'])
    await addRecords(settings, [record], now)
    await removeRecords(settings, [record], now)
    assert.deepEqual(await lookUp('tcp.site.com', 'CNAME'), [])
    await removeRecords(settings, [record], now)
  })

  peerTest('are addresses of both families where the target is', ['BIND'], async (scope) => {
    const { settings, lookUp } = await startBind(scope)
    const both: readonly ZoneRecord[] = [
      { name: 'tcp.site.com', type: 'A', value: '192.0.2.1' },
      { name: 'tcp.site.com', type: 'A', value: '192.0.2.2' },
      { name: 'tcp.site.com', type: 'AAAA', value: '2001:db8::1' },
    ]
    await addRecords(settings, both, now)
    assert.deepEqual((await lookUp('tcp.site.com', 'A')).toSorted(), ['192.0.2.1', '192.0.2.2'])
    assert.deepEqual(await lookUp('tcp.site.com', 'AAAA'), ['2001:db8::1'])
    await removeRecords(settings, both, now)
    assert.deepEqual(await lookUp('tcp.site.com', 'ANY'), [])
  })

  peerTest('leave a name alone that somebody else has made', ['BIND'], async (scope) => {
    const { settings, lookUp } = await startBind(scope)
    const www: ZoneRecord = { ...record, name: 'www.site.com' }
    const fault = { code: 'dns-other-record', message: /"www.site.com" has another record/ }
    await assert.rejects(addRecords(settings, [www], now), fault)
    await assert.rejects(removeRecords(settings, [www], now), fault)
    assert.deepEqual(await lookUp('www.site.com', 'A'), ['192.0.2.80'])
  })

  peerTest('are not removed once somebody has changed them', ['BIND'], async (scope) => {
    const { settings, lookUp } = await startBind(scope)
    await addRecords(settings, [{ ...record, value: 'elsewhere.example.com' }], now)
    await assert.rejects(removeRecords(settings, [record], now), { code: 'dns-other-record' })
    assert.deepEqual(await lookUp('tcp.site.com', 'CNAME'), ['elsewhere.example.com.'])
  })

  peerTest('fail with the sentence that mends it', ['BIND'], async (scope) => {
    const { settings, lookUp } = await startBind(scope)
    const { key } = settings
    const locked: ZoneRecord = { ...record, name: 'tcp.locked.com' }
    const cases: readonly [Partial<DnsSettings>, ZoneRecord, RegExp, () => number][] = [
      [
        { key: { ...key, secret: Buffer.alloc(32, 6) } },
        record,
        /does not accept the signature of the key "postern-key"/,
        now,
      ],
      [
        { key: { ...key, name: 'other-key' } },
        record,
        /does not know the key "other-key" with hmac-sha256/,
        now,
      ],
      [
        { key: { ...key, algorithm: 'hmac-sha512' } },
        record,
        /does not know the key "postern-key" with hmac-sha512/,
        now,
      ],
      [{}, record, /clock and the gateway's are 4\d\d seconds apart/, () => Date.now() - 450_000],
      [{ zone: 'locked.com' }, locked, /refuses the update of "locked.com"/, now],
      [
        { zone: 'absent.com' },
        { ...record, name: 'a.absent.com' },
        /is not the primary of the zone "absent.com"/,
        now,
      ],
      [{ server: { host: '127.0.0.1', port: 1 } }, record, /"127.0.0.1:1" cannot be asked/, now],
    ]
    for (const [change, wanted, message, nowMs] of cases)
      await assert.rejects(addRecords({ ...settings, ...change }, [wanted], nowMs), { message })
    assert.deepEqual(await lookUp('tcp.site.com', 'CNAME'), [])
  })
})
