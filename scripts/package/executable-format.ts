/** What an executable is made for, as its head says: `elf x64 glibc`, `mach-o arm64`, `pe x64`. */
export function executableFormat(file: Buffer): string {
  if (file.toString('latin1', 0, 4) === '\x7fELF') {
    const loader = /\/ld-(linux|musl)/.exec(file.toString('latin1', 0, 4096))?.[1]
    const library = loader === 'linux' ? 'glibc' : loader
    return `elf ${elfMachines[file.readUInt16LE(18)]} ${library}`
  }
  if (file.readUInt32LE(0) === 0xfeedfacf) return `mach-o ${machMachines[file.readUInt32LE(4)]}`
  const pe = file.toString('latin1', 0, 2) === 'MZ' ? file.readUInt32LE(0x3c) : 0
  if (file.toString('latin1', pe, pe + 4) === 'PE\0\0')
    return `pe ${peMachines[file.readUInt16LE(pe + 4)]}`
  return 'unknown'
}

/** `e_machine`: EM_X86_64, EM_AARCH64. */
const elfMachines: Readonly<Record<number, string>> = { 62: 'x64', 183: 'arm64' }
/** `CPU_TYPE_X86_64`, `CPU_TYPE_ARM64`. */
const machMachines: Readonly<Record<number, string>> = {
  0x0100_0007: 'x64',
  0x0100_000c: 'arm64',
}
/** `IMAGE_FILE_MACHINE_AMD64`, `IMAGE_FILE_MACHINE_ARM64`. */
const peMachines: Readonly<Record<number, string>> = { 0x8664: 'x64', 0xaa64: 'arm64' }
