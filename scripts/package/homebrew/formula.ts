import { downloadOf, type Release } from '../release.ts'

/**
 * A formula of Homebrew, for macOS and Linux.
 *
 * @see https://docs.brew.sh/Formula-Cookbook
 */
export function formulaOf(release: Release): string {
  const download = (system: string): string => {
    const { url, sha256 } = downloadOf(release, `postern-${release.version}-${system}.tar.gz`)
    return `      url ${quote(url)}\n      sha256 ${quote(sha256)}`
  }
  const processors = (system: string): string =>
    `    on_arm do\n${download(`${system}-arm64`)}\n    end\n    on_intel do\n${download(`${system}-x64`)}\n    end`
  return `class Postern < Formula
  desc "Identity-aware access to TCP services through one HTTPS port"
  homepage ${quote(release.url)}
  version ${quote(release.version)}
  license "Apache-2.0"

  on_macos do
${processors('darwin')}
  end

  on_linux do
${processors('linux')}
  end

  def install
    bin.install "postern"
    man1.install "man/postern.1"
    bash_completion.install "completions/postern.bash" => "postern"
    zsh_completion.install "completions/_postern"
    fish_completion.install "completions/postern.fish"
    prefix.install "THIRD-PARTY-LICENSES"
  end

  test do
    assert_equal "postern #{version}\\n", shell_output("#{bin}/postern --version")
  end
end
`
}

/** A string of Ruby, in which `#{}` would be code. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('#', '\\#')
}
