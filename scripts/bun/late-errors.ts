// Preloaded by `bun test`, which ends with the last test of a file: what nobody catches after it, such as the error of a
// connection that a test has just closed, would be heard by nobody. Node.js goes on until nothing is under way.
import { setTimeout as pause } from 'node:timers/promises'

declare function afterAll(then: () => Promise<void>): void

/** What a last test leaves under way comes to its end in this time, in milliseconds. */
const lateMs = 50

afterAll(async () => pause(lateMs))
