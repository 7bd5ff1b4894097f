import { version } from '../../version.ts'
import { printJson, printLine } from '../speech/print.ts'

/** What a program runs on. */
export interface RunsOn {
  readonly runtime: 'Node.js' | 'Bun'
  readonly runtimeVersion: string
  readonly tls: 'OpenSSL' | 'BoringSSL'
  readonly tlsVersion: string
}

/** Prints the version and what it runs on. */
export function printVersion(asJson: boolean): void {
  const { runtime, runtimeVersion, tls, tlsVersion } = runsOn(process.versions)
  const { platform, arch } = process
  if (!asJson) {
    printLine(`postern ${version}`)
    printLine(`${runtime} ${runtimeVersion} with ${tls} ${tlsVersion}, ${platform} ${arch}`)
    return
  }
  printJson({
    version,
    runtime: { name: runtime, version: runtimeVersion },
    tls: { library: tls, version: tlsVersion },
    platform,
    arch,
  })
}

/** By the versions of `process`. Bun has one of OpenSSL there, too, which is that of Node's it stands for. */
export function runsOn(versions: Readonly<Partial<Record<string, string>>>): RunsOn {
  const { bun, boringssl = 'unknown', node = 'unknown', openssl = 'unknown' } = versions
  if (bun === undefined) {
    return { runtime: 'Node.js', runtimeVersion: node, tls: 'OpenSSL', tlsVersion: openssl }
  }
  return { runtime: 'Bun', runtimeVersion: bun, tls: 'BoringSSL', tlsVersion: boringssl }
}
