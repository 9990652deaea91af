# PostgreSQL 18 with the bktree extension, which the bot creates when it first connects.

FROM postgres:18-trixie AS build

RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make postgresql-server-dev-18 \
    && rm -rf /var/lib/apt/lists/*

COPY db/extension /src
# Bitcode for the just-in-time compiler would need clang, and searches gain nothing from it.
RUN make -C /src with_llvm=no PG_CONFIG=/usr/lib/postgresql/18/bin/pg_config \
    && make -C /src with_llvm=no PG_CONFIG=/usr/lib/postgresql/18/bin/pg_config \
        DESTDIR=/out install


FROM postgres:18-trixie

COPY --from=build /out/ /
