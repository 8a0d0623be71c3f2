"""Conan 2 recipe: `conan create packaging/conan`. It needs cargo and a C compiler; the version is read from Cargo.toml."""

import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir)


class QuestdbIngressConan(ConanFile):
    name = "questdb-ingress"
    license = "Apache-2.0"
    description = "Rows into QuestDB over ILP, from C and C++"
    topics = ("questdb", "ilp", "ingestion", "timeseries", "database")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    # `receiver` adds libquestdb_receiver, a server for the tests of a program, of the same kind as the library.
    options = {"shared": [True, False], "insecure_skip_verify": [True, False], "receiver": [True, False]}
    default_options = {"shared": True, "insecure_skip_verify": False, "receiver": False}

    def set_version(self):
        manifest = load(self, os.path.join(ROOT, "Cargo.toml"))
        self.version = re.search(r'^version = "([^"]+)"', manifest, re.MULTILINE).group(1)

    def export_sources(self):
        for pattern in (
            "Cargo.toml", "Cargo.lock", "CMakeLists.txt", "LICENSE", "README.md",
            "src/*", "encoder/*", "include/*", "cpp/*", "cmake/*", "packaging/*", "examples/rust/*", "examples/data/*", "bench/*", "bindings/python/*", "capi/*", "receiver/*",
            "testkit/*", "tests/arrow/*",
        ):
            copy(self, pattern, ROOT, self.export_sources_folder, excludes="bench/target/*")

    def layout(self):
        cmake_layout(self)

    def configure(self):
        # The library is made by cargo: the C and C++ settings of the consumer do not change it.
        self.settings.rm_safe("compiler.cppstd")
        self.settings.rm_safe("compiler.libcxx")
        self.settings.rm_safe("compiler.cstd")

    def package_id(self):
        del self.info.settings.build_type

    def generate(self):
        toolchain = CMakeToolchain(self)
        variables = toolchain.cache_variables
        variables["QUESTDB_DEFAULT_LIBRARY"] = "SHARED" if self.options.shared else "STATIC"
        variables["QUESTDB_INSECURE_SKIP_VERIFY"] = bool(self.options.insecure_skip_verify)
        variables["QUESTDB_RECEIVER_LIBRARY"] = bool(self.options.receiver)
        # Lets several builds share what cargo has compiled.
        shared_folder = os.environ.get("QUESTDB_CARGO_TARGET_DIR")
        if shared_folder:
            variables["QUESTDB_CARGO_TARGET_DIR"] = shared_folder
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # Conan writes its own files for CMake and pkg-config.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        for name in os.listdir(os.path.join(self.package_folder, "lib")):
            if name.endswith(".a") == bool(self.options.shared):
                os.remove(os.path.join(self.package_folder, "lib", name))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "questdb")
        kind = "shared" if self.options.shared else "static"
        client = self.library("client", "questdb_ingress", "QUESTDB_STATIC")
        client.set_property("cmake_target_name", "questdb::questdb")
        client.set_property("cmake_target_aliases", ["questdb::cpp", f"questdb::{kind}"])
        if self.options.receiver:
            receiver = self.library("receiver", "questdb_receiver", "QUESTDB_RECEIVER_STATIC")
            name = "receiver" if self.options.shared else "receiver_static"
            receiver.set_property("cmake_target_name", f"questdb::{name}")

    def library(self, component, name, static):
        """Describes a library of the package; `static` is what its header asks for if it is linked statically."""
        library = self.cpp_info.components[component]
        library.libs = [name]
        library.set_property("pkg_config_name", name)
        if not self.options.shared:
            library.defines = [static]
            if self.settings.os == "Linux":
                library.system_libs = ["gcc_s", "util", "rt", "pthread", "m", "dl", "c"]
            elif self.settings.os == "Macos":
                library.frameworks = ["Security", "CoreFoundation"]
        return library
