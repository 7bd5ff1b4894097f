import { refusals, refuseMany } from '../../e2e/refuse-many.ts'
import { untouched, type Fault } from '../fault.ts'

export const logStalled: Fault = {
  name: 'log-stalled',
  done: `whoever reads the log of the gateway stops, while ${refusals} tunnels are refused`,
  holds:
    'everything comes out whole, each refusal is answered, and the log says afterwards how many lines it lacks',
  terms: untouched,
  async run({ stage: { rig, scope } }) {
    const { stdout } = rig.child()
    stdout.pause()
    await refuseMany(scope, rig).finally(() => stdout.resume())
    const told = await rig.lines.first(({ message }) => message === 'log lines were dropped')
    return { refusals, 'lines told as dropped': Number(told['lines']) }
  },
}
