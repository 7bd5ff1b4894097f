import assert from 'node:assert/strict'

import { decodeGateways, encodeGateways } from '../../src/client/gateways/known-gateway.ts'
import { parseBusAddress } from '../../src/desktop/bus/bus-address.ts'
import { parseLsof } from '../../src/desktop/ports/lsof.ts'
import { parseNetstat, parseTasklist } from '../../src/desktop/ports/netstat.ts'
import { parseCredential } from '../../src/desktop/window/signed-text.ts'
import { rowsOf } from '../../src/net/proc-tcp.ts'
import { parseKept } from '../../src/reach/kept-file.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads:
    'what programs and files of this machine say: lsof, netstat, /proc, the bus, kept gateways',
  covers: [
    'desktop/ports/lsof.ts',
    'desktop/ports/netstat.ts',
    'desktop/ports/listening-hosts.ts',
    'desktop/bus/bus-address.ts',
    'net/proc-tcp.ts',
    'client/gateways/known-gateway.ts',
    'desktop/window/signed-text.ts',
  ],
  tokens: [
    'p123\ncpostern\nn*:22\n',
    '  TCP    0.0.0.0:22    0.0.0.0:0    LISTENING    4\r\n',
    'unix:path=/run/bus',
    'unix:abstract=',
    ';',
    '%2f',
    ',guid=',
    '   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 1\n',
    '{"version":1,"gateways":[]}',
  ],
  run(input) {
    const text = input.toString('utf8')
    const programs = parseLsof(text)
    const processes = parseNetstat(text)
    for (const { port } of [...programs, ...processes])
      assert.ok(port >= 0 && port <= 65_535, String(port))
    parseTasklist(text, 4)
    const bus = parseBusAddress(text)
    const rows = [...rowsOf(text)]
    const known = attempt(() => decodeGateways(parseKept(text)), Error).value
    if (known !== undefined) {
      assert.ok(known.gateways.length <= 100)
      assert.deepEqual(decodeGateways(parseKept(encodeGateways(known))), known)
    }
    const credential = parseCredential(text)
    return [programs.length, processes.length, bus, rows.length, known?.gateways.length, credential]
      .map((it) => (it === undefined || it === 0 ? '-' : '+'))
      .join('')
  },
}
