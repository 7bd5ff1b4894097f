// A process that says when it was woken. It stays for as long as somebody holds its stdin.
import { watchWake } from './wake.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
watchWake({
  onWake: (sleptMs) => say(`slept ${Math.round(sleptMs)}`),
  onNetwork: () => say('network'),
})
process.stdin.resume()
say('ready')
