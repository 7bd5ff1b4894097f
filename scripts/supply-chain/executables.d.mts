export declare const installedNode: string
export declare function readSums(): Readonly<Record<string, string>>
export declare function nodePackage(
  system?: Readonly<{ platform: NodeJS.Platform; arch: string }>,
): string
export declare function faultOfExecutable(
  path: string,
  name: string,
  sums?: Readonly<Record<string, string>>,
): string | undefined
