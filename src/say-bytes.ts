const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** A count of bytes as people read it: `0 B`, `1.5 KiB`, `120 MiB`. */
export function sayBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}
