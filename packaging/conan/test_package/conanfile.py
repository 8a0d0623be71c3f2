"""Builds a C++ program against the package and runs it."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class TestPackage(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"
    test_type = "explicit"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            self.run(os.path.join(self.cpp.build.bindir, "use_cpp"), env="conanrun")
            self.run(os.path.join(self.cpp.build.bindir, "use_c"), env="conanrun")
            own_test = os.path.join(self.cpp.build.bindir, "own_test")
            if os.path.exists(own_test):
                self.run(own_test, env="conanrun")
