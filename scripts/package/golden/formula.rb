class Postern < Formula
  desc "Identity-aware access to TCP services through one HTTPS port"
  homepage "https://downloads.example.com/postern/1.2.3"
  version "1.2.3"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "https://downloads.example.com/postern/1.2.3/postern-1.2.3-darwin-arm64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
    on_intel do
      url "https://downloads.example.com/postern/1.2.3/postern-1.2.3-darwin-x64.tar.gz"
      sha256 "1111111111111111111111111111111111111111111111111111111111111111"
    end
  end

  on_linux do
    on_arm do
      url "https://downloads.example.com/postern/1.2.3/postern-1.2.3-linux-arm64.tar.gz"
      sha256 "2222222222222222222222222222222222222222222222222222222222222222"
    end
    on_intel do
      url "https://downloads.example.com/postern/1.2.3/postern-1.2.3-linux-x64.tar.gz"
      sha256 "3333333333333333333333333333333333333333333333333333333333333333"
    end
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
    assert_equal "postern #{version}\n", shell_output("#{bin}/postern --version")
  end
end
