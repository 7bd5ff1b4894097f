import { ownRuntime } from '../bun/fetch-bun.ts'

/** A system that there is an executable for. */
export interface System {
  /** As files are named by it. */
  readonly name: SystemName
  /** The runtime's package, as `fetchBun()` takes it. */
  readonly runtime: string
  /** As `bun build --target` takes it. */
  readonly target: string
  /** The name of the executable. */
  readonly program: 'postern' | 'postern.exe'
  /** As `executableFormat()` finds it. */
  readonly format: string
}

export type SystemName =
  | 'linux-x64'
  | 'linux-x64-musl'
  | 'linux-arm64'
  | 'linux-arm64-musl'
  | 'darwin-x64'
  | 'darwin-arm64'
  | 'windows-x64'
  | 'windows-arm64'

/**
 * Every system. For x64 there is one runtime: the packages `bun-…-x64` and `bun-…-x64-baseline` of Bun 1.4 hold the same
 * files byte for byte, so that each executable also runs on processors without AVX2.
 */
export const systems: readonly System[] = [
  system('linux-x64', 'linux-x64', 'elf x64 glibc'),
  system('linux-x64-musl', 'linux-x64-musl', 'elf x64 musl'),
  system('linux-arm64', 'linux-aarch64', 'elf arm64 glibc'),
  system('linux-arm64-musl', 'linux-aarch64-musl', 'elf arm64 musl'),
  system('darwin-x64', 'darwin-x64', 'mach-o x64'),
  system('darwin-arm64', 'darwin-aarch64', 'mach-o arm64'),
  system('windows-x64', 'windows-x64', 'pe x64'),
  system('windows-arm64', 'windows-aarch64', 'pe arm64'),
]

/** @throws Error when there is no such system. */
export function findSystem(name: string): System {
  const found = systems.find((system) => system.name === name)
  if (found !== undefined) return found
  const names = systems.map((system) => system.name).join(', ')
  throw new Error(`unknown system "${name}", expected one of ${names}`)
}

/** This system. */
export function ownSystem(): System {
  const runtime = ownRuntime()
  const found = systems.find((system) => system.runtime === runtime)
  if (found === undefined) throw new Error(`there is no executable for this system, "${runtime}"`)
  return found
}

function system(name: SystemName, runtime: string, format: string): System {
  const program = name.startsWith('windows') ? 'postern.exe' : 'postern'
  return { name, runtime, target: `bun-${name}`, program, format }
}
