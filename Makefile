# mr - map-reduce for one big machine.
#
#   make          build everything below build/
#   make test     run the whole test suite
#   make fuzz     run each fuzzer for FUZZ_SECONDS (60), FUZZ_JOBS (2) at a time; needs clang
#   make demo     generate 256 MiB of text once and count its words
#
# Variables: CC, CFLAGS, WERROR=1, SANITIZE=address,undefined, BUILD=dir, PREFIX, DESTDIR, LIBDIR (of libraries, below
# PREFIX), INSTALL_STRIP=1;
# INFLATE=zlib to do without ISA-L, ZSTD=no to do without zstd, which are used where they are found.

CC      ?= gcc
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
LIBDIR  ?= lib
INSTALL_STRIP ?=
CFLAGS  ?= -O3 -g
WERROR  ?=
SANITIZE ?=
INFLATE  ?= auto
ZSTD     ?= auto

VERSION  := 0.1.0
LIBMR    := libmr.so.0
WARNINGS := -Wall -Wextra -Wpedantic $(if $(WERROR),-Werror)
SANITIZE_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
# Nothing tells in which folder it was built: the same source makes the same bytes everywhere.
ANYWHERE := -ffile-prefix-map=$(CURDIR)=.
COMPILE  := $(CC) -std=c17 -D_GNU_SOURCE -DMR_VERSION='"$(VERSION)"' $(WARNINGS) $(CFLAGS) $(SANITIZE_FLAGS) $(ANYWHERE) -Isrc -MMD -MP
LINK     := $(CC) $(CFLAGS) $(SANITIZE_FLAGS)
ENGINE_LIBS = -lm -lutf8proc -ldl -lz

# Each folder of src/ is one layer; main.c is the only file above them.
MP_SOURCES     := $(wildcard src/mp/*.c)
ENGINE_SOURCES := $(wildcard src/base/*.c src/data/*.c src/host/*.c src/flow/*.c src/job/*.c src/check/*.c src/cli/*.c)
TEMPLATES      := $(wildcard src/cli/templates/*.c)
EMBED_SOURCES  := $(wildcard src/embed/*.c)
PLUGIN_SOURCES := $(wildcard plugins/*.c)
UNIT_SOURCES   := $(wildcard tests/unit/*.c)
EXAMPLE_SOURCES := $(wildcard tests/examples/*.c)
EMBEDDING_SOURCES := $(wildcard tests/embedding/*.c)
TOOL_SOURCES   := $(wildcard tests/tools/*.c)
PRELOAD_SOURCES := $(wildcard tests/preload/*.c)
GENERATOR_SOURCES := $(wildcard datasets/*.c)
ABI_SOURCES    := $(wildcard tests/abi/*.c)
BENCH_SOURCES  := $(wildcard tests/bench/*.c)
FUZZ_SOURCES   := $(wildcard tests/fuzz/*.c)

object = $(patsubst %.c,$(BUILD)/%.o,$(1))
PLUGINS    := $(patsubst plugins/%.c,$(BUILD)/plugins/%.so,$(PLUGIN_SOURCES))
JOBS       := $(patsubst %.json,$(BUILD)/%.json,$(wildcard plugins/*.json))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SOURCES)) $(BUILD)/tests/unit/data_decode_zlib
EXAMPLES   := $(patsubst tests/examples/%.c,$(BUILD)/tests/examples/%,$(EXAMPLE_SOURCES))
EMBEDDINGS := $(patsubst tests/embedding/%.c,$(BUILD)/tests/embedding/%,$(EMBEDDING_SOURCES))
TOOLS      := $(patsubst tests/tools/%.c,$(BUILD)/tests/tools/%,$(TOOL_SOURCES))
PRELOADS   := $(patsubst tests/preload/%.c,$(BUILD)/tests/preload/%.so,$(PRELOAD_SOURCES))
GENERATORS := $(patsubst datasets/%.c,$(BUILD)/datasets/%,$(GENERATOR_SOURCES))
BENCHES    := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(BENCH_SOURCES))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(FUZZ_SOURCES))
ABI_PLUGINS := $(patsubst tests/abi/%.c,$(BUILD)/tests/abi/%.so,$(ABI_SOURCES))

# Libraries that single programs need beyond the common ones.
# Plugins say it themselves, as they do to mr run.
$(BUILD)/plugins/%.so: PLUGIN_LIBS = $(shell sed -n 's|^// mr: ||p' $<)
$(BUILD)/tests/abi/numerics.so: PLUGIN_LIBS := -lm
$(BUILD)/tests/unit/data_decode: UNIT_LIBS := -lz
$(BUILD)/tests/embedding/library $(BUILD)/tests/embedding/isolation: EMBEDDING_LIBS := -lcmocka
$(BUILD)/tests/tools/bgzf: TOOL_LIBS := -lz
$(BUILD)/datasets/%: GENERATOR_LIBS := -lm
$(BUILD)/tests/bench/naive_grep: BENCH_LIBS := -lpcre2-8
$(BUILD)/tests/fuzz/pattern: FUZZ_LIBS := -lpcre2-8

.PHONY: always all test asan ubsan fuzz fuzzers bench bench-compare bench-scaling demo deps check-layers check-format format lint install uninstall deb check-root check-root-source check-reproducible clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/mr $(BUILD)/include/mr.h $(BUILD)/libmp.a $(BUILD)/libmr.a $(BUILD)/libmr.so $(PLUGINS) $(JOBS) $(GENERATORS)

# Code that exists for several kinds of processor; which one runs is decided by src/base/processor.c.
ifneq ($(findstring x86_64,$(shell $(CC) $(CFLAGS) -dumpmachine 2>/dev/null)),)
AVX2_FLAGS   := -mavx2 -mbmi -mbmi2 -mpopcnt
AVX512_FLAGS := $(AVX2_FLAGS) -mavx512f -mavx512bw -mavx512vl -mavx512vbmi2
endif
# The same objects make mr and the libraries; a library gives away what libmr.h says, and nothing else.
LIBRARY_FLAGS := -fPIC -fvisibility=hidden
$(BUILD)/src/%.o: OWN_FLAGS := $(LIBRARY_FLAGS)

# What objects were compiled with: they are compiled again when that has changed.
$(BUILD)/.flags: always
	@mkdir -p $(BUILD)
	@echo '$(CC) $(CFLAGS) $(SANITIZE_FLAGS) $(LIBRARY_FLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(CFLAGS) $(SANITIZE_FLAGS) $(LIBRARY_FLAGS)' >$@
$(BUILD)/src/%_avx2.o: PROCESSOR_FLAGS := $(AVX2_FLAGS)
$(BUILD)/src/%_avx512.o: PROCESSOR_FLAGS := $(AVX512_FLAGS)

# The packages are looked for once; what is missing is installed by 'make deps'.
$(BUILD)/.packages:
	@mkdir -p $(BUILD)
	@tests/check_packages.sh || $(MAKE) deps
	@touch $@

deps:
	@tests/install_packages.sh

# What undoes compression: looked for once, when the packages are there.
$(BUILD)/coding.mk: tests/find_coding.sh | $(BUILD)/.packages
	@CC="$(CC)" tests/find_coding.sh "$(INFLATE)" "$(ZSTD)" >$@
ifneq ($(filter-out clean deps format check-format check-layers lint uninstall,$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/coding.mk
endif
CODING_OBJECTS := $(BUILD)/src/data/inflate.o $(BUILD)/src/data/decode.o $(BUILD)/src/cli/library_versions.o
$(CODING_OBJECTS): $(BUILD)/coding.mk
$(CODING_OBJECTS): CODING_FLAGS = $(CODING_DEFINES)

$(BUILD)/%.o: %.c $(BUILD)/.flags | $(BUILD)/.packages
	@mkdir -p $(@D)
	$(COMPILE) $(OWN_FLAGS) $(CODING_FLAGS) $(PROCESSOR_FLAGS) -c $< -o $@

$(BUILD)/libmp.a: $(call object,$(MP_SOURCES))
	@rm -f $@
	ar rcsD $@ $^

# What 'mr new' writes, as strings of C.
$(BUILD)/src/cli/templates.c: $(TEMPLATES)
	@mkdir -p $(@D)
	for template in $^; do \
	    echo "extern const char mr_template_$$(basename $$template .c)[];"; \
	    echo "const char mr_template_$$(basename $$template .c)[] ="; \
	    sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/    "&\\n"/' $$template; \
	    echo "    ;"; \
	done >$@

$(BUILD)/src/cli/templates.o: $(BUILD)/src/cli/templates.c $(BUILD)/.flags
	$(COMPILE) $(OWN_FLAGS) -c $< -o $@

ENGINE_OBJECTS := $(call object,$(ENGINE_SOURCES)) $(BUILD)/src/cli/templates.o
$(BUILD)/libengine.a: $(ENGINE_OBJECTS)
	@rm -f $@
	ar rcsD $@ $^

# libmr.a is one object in which all names are local but those of libmr.h: none can meet one of the program.
EMBED_OBJECTS := $(call object,$(EMBED_SOURCES)) $(ENGINE_OBJECTS) $(call object,$(MP_SOURCES))
$(BUILD)/libmr.o: $(EMBED_OBJECTS)
	$(CC) -r -nostdlib $^ -o $@
	objcopy --localize-hidden $@

$(BUILD)/libmr.a: $(BUILD)/libmr.o
	@rm -f $@
	ar rcsD $@ $^

$(BUILD)/$(LIBMR): $(EMBED_OBJECTS) src/embed/libmr.map
	$(LINK) -shared -Wl,-soname,$(LIBMR) -Wl,--version-script=src/embed/libmr.map -Wl,--no-undefined $(EMBED_OBJECTS) -o $@ $(ENGINE_LIBS)

$(BUILD)/libmr.so: $(BUILD)/$(LIBMR)
	ln -sf $(LIBMR) $@

$(BUILD)/mr: $(BUILD)/src/main.o $(BUILD)/libengine.a $(BUILD)/libmp.a
	$(LINK) $^ -o $@ $(ENGINE_LIBS)

# Where mr finds it for the plugins that it compiles.
$(BUILD)/include/mr.h: src/mr.h
	@mkdir -p $(@D)
	cp $< $@

$(BUILD)/plugins/%.so: plugins/%.c | $(BUILD)/.packages
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared $< -o $@ $(PLUGIN_LIBS)

# Job files stand beside the plugins that they use.
$(BUILD)/plugins/%.json: plugins/%.json
	@mkdir -p $(@D)
	cp $< $@

$(BUILD)/tests/abi/%.so: tests/abi/%.c | $(BUILD)/.packages
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared $< -o $@ $(PLUGIN_LIBS)

# Without sanitizers, whose own functions these libraries would stand before.
$(BUILD)/tests/preload/%.so: tests/preload/%.c | $(BUILD)/.packages
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -MMD -MP -fPIC -shared $< -o $@

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libengine.a $(BUILD)/libmp.a
	$(LINK) $^ -o $@ -lcmocka $(ENGINE_LIBS) $(UNIT_LIBS)

# The same test of decompression with zlib, whatever mr uses.
CODERS := src/data/inflate.c src/data/decode.c src/data/bgzf.c
$(BUILD)/tests/unit/data_decode_zlib: tests/unit/data_decode.c $(CODERS) $(BUILD)/libengine.a $(BUILD)/libmp.a
	@mkdir -p $(@D)
	$(COMPILE) $^ -o $@ -lcmocka $(ENGINE_LIBS) -lz

# The examples link libmp.a and nothing else: it has to stand alone.
$(BUILD)/tests/examples/%: $(BUILD)/tests/examples/%.o $(BUILD)/libmp.a
	$(LINK) $^ -o $@

# Programs that embed mr link what is installed of it, and what tests them.
$(BUILD)/tests/embedding/%: $(BUILD)/tests/embedding/%.o $(BUILD)/libmr.a
	$(LINK) $^ -o $@ $(EMBEDDING_LIBS) $(ENGINE_LIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libmp.a
	$(LINK) $^ -o $@ $(BENCH_LIBS)

$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o
	@mkdir -p $(@D)
	$(LINK) $^ -o $@ -lutf8proc $(TOOL_LIBS)

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libengine.a $(BUILD)/libmp.a
	$(LINK) -fsanitize=fuzzer $^ -o $@ $(ENGINE_LIBS) $(FUZZ_LIBS)

$(BUILD)/datasets/%: $(BUILD)/datasets/%.o
	@mkdir -p $(@D)
	$(LINK) $^ -o $@ $(GENERATOR_LIBS)

test: all $(UNIT_TESTS) $(EXAMPLES) $(EMBEDDINGS) $(TOOLS) $(PRELOADS) $(BENCHES) $(ABI_PLUGINS)
	BUILD=$(BUILD) tests/run_all.sh

asan:
	$(MAKE) BUILD=build/asan SANITIZE=address,undefined CFLAGS="-O1 -g" test

ubsan:
	$(MAKE) BUILD=build/ubsan SANITIZE=undefined CFLAGS="-O1 -g" test

FUZZ_SECONDS ?= 60
FUZZ_JOBS    ?= 2
FUZZ_SEED    ?= 0

fuzz:
	@tests/fuzz.sh --can-build
	$(MAKE) CC=clang BUILD=$(BUILD)/fuzz SANITIZE=fuzzer-no-link,address,undefined CFLAGS="-O1 -g" fuzzers
	BUILD=$(BUILD)/fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_JOBS=$(FUZZ_JOBS) FUZZ_SEED=$(FUZZ_SEED) tests/fuzz.sh

# By 'make fuzz', which sets the compiler and its flags.
fuzzers: $(FUZZERS)

bench: all $(BENCHES)
	BUILD=$(BUILD) tests/bench/run.sh

# make bench-compare BASE=rev: this build against that of another revision.
bench-compare: all $(BENCHES)
	BUILD=$(BUILD) tests/bench/compare.sh $(BASE)

bench-scaling: all
	BUILD=$(BUILD) tests/bench/scaling.sh

demo: all
	BUILD=$(BUILD) datasets/demo.sh

check-layers:
	tests/check_layers.sh

FORMATTED := $(wildcard src/*.[ch] src/*/*.[ch] $(TEMPLATES) plugins/*.[ch] datasets/*.c tests/*/*.[ch])

check-format:
	clang-format --dry-run --Werror $(FORMATTED)

format:
	clang-format -i $(FORMATTED)

lint:
	AVX2_FLAGS="$(AVX2_FLAGS)" AVX512_FLAGS="$(AVX512_FLAGS)" tests/lint.sh

# What 'make install' puts where, below PREFIX: MODE:FILE:PLACE, as src/packaging/install.sh explains.
MANUALS   := $(wildcard src/cli/*.1 src/cli/*.5)
# What the examples of the documents read.
SAMPLES := $(sort $(wildcard $(addprefix datasets/,*.txt *.log *.csv *.jsonl pages/*.html README.md)))

INSTALLED = 755:$(BUILD)/mr:bin/mr \
    $(foreach file,$(PLUGINS) $(JOBS),644:$(file):lib/mr/plugins/$(notdir $(file))) \
    644:$(BUILD)/libmp.a:$(LIBDIR)/libmp.a \
    644:$(BUILD)/libmr.a:$(LIBDIR)/libmr.a \
    644:$(BUILD)/$(LIBMR):$(LIBDIR)/$(LIBMR) \
    link:$(LIBMR):$(LIBDIR)/libmr.so \
    644:src/mr.h:include/mr.h \
    644:src/libmr.h:include/libmr.h \
    644:src/mp/mp.h:include/mp/mp.h \
    text:src/packaging/mr.pc.in:$(LIBDIR)/pkgconfig/mr.pc \
    text:src/packaging/libmr.pc.in:$(LIBDIR)/pkgconfig/libmr.pc \
    $(foreach file,$(MANUALS),644:$(file):share/man/man$(patsubst .%,%,$(suffix $(file)))/$(notdir $(file))) \
    $(foreach file,$(wildcard src/*/*.schema.json),644:$(file):share/mr/$(notdir $(file))) \
    644:src/cli/completion/mr.bash:share/bash-completion/completions/mr \
    644:src/cli/completion/_mr:share/zsh/site-functions/_mr \
    644:README.md:share/doc/mr/README.md \
    $(foreach file,$(SAMPLES),644:$(file):share/doc/mr/$(file)) \
    644:plugins/README.md:share/doc/mr/plugins/README.md \
    644:plugins/GALLERY.md:share/doc/mr/plugins/GALLERY.md \
    644:LICENSE:share/doc/mr/LICENSE

install: all
	@DESTDIR="$(DESTDIR)" LIBDIR="$(LIBDIR)" STRIP="$(INSTALL_STRIP)" src/packaging/install.sh install "$(PREFIX)" "$(VERSION)" $(INSTALLED)

uninstall:
	@DESTDIR="$(DESTDIR)" src/packaging/install.sh uninstall "$(PREFIX)"

# Debian packages of what is built, in $(BUILD)/deb.
MAINTAINER ?= mr maintainers <maintainers@mr.invalid>

deb: all
	@src/packaging/deb.sh "$(BUILD)" "$(VERSION)" "$(MAINTAINER)"

# What a new user does, in an empty Debian system: with the packages; with the source. As root, with debootstrap.
check-root: deb
	BUILD=$(BUILD) tests/root.sh packages

# Builds everything twice, in other folders and at other times, and compares the bytes.
check-reproducible:
	tests/reproducible.sh all

check-root-source:
	BUILD=$(BUILD) tests/root.sh source

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
