MLFF_KERNEL(phase_0, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3,
            real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 24;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a6[slots<8>()] = {};
    real a9x[slots<8>()] = {};
    real a9y[slots<8>()] = {};
    real a9z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, (int)128.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g3 = spline_sum<5, 8>(p.basis, c1 + p.row * 8 + f);
            const Group<8> g4 = group_at<8>(&c2[row_of(element[p.j], 8) + f]);
            const Group<8> g7 = spline_sum<5, 8>(p.basis, c3 + p.row * 8 + f);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v3 = g3.value[u];
              const real v4 = g4.value[u];
              const real v5 = v3 * v4;
              const real v7 = g7.value[u];
              const real v8x = p.ux * v7;
              const real v8y = p.uy * v7;
              const real v8z = p.uz * v7;
              a6[c + u] += v5;
              a9x[c + u] += v8x;
              a9y[c + u] += v8y;
              a9z[c + u] += v8z;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a6, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&b0[row_of(i, 24) + f], group_of_slots<8>(a9x, c));
      put_group<8>(&b0[row_of(i, 24) + 8 + f], group_of_slots<8>(a9y, c));
      put_group<8>(&b0[row_of(i, 24) + 16 + f], group_of_slots<8>(a9z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c2[row_of(element[i], 8) + f]);
      const Group<8> g6 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g9x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g9y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g9z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      Group<8> r10;
      Group<8> r12;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v6 = g6.value[u];
        const real v10 = v0 + v6;
        const real v9x = g9x.value[u];
        const real v9y = g9y.value[u];
        const real v9z = g9z.value[u];
        const real v11 = v9x * v9x + v9y * v9y + v9z * v9z;
        const real v12 = m_sqrt(v11);
        r10.value[u] = v10;
        r12.value[u] = v12;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r10);
      put_group<8>(&tile[8 * kTile + t * 8 + f], r12);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c0, 1.0f, c4, false, ring, first_steps<8, 8, 1, 1>(c5),
                          tile + 16 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 8 * kTile, nullptr, c5, 1.0f, nullptr, true, ring, first_steps<8, 8, 3, 1>(c6),
                          tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g13 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      Group<8> r14;
      Group<8> r102;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v13 = g13.value[u];
        const real v14 = m_silu(v13);
        const real v97 = m_sigmoid(v13);
        const real v98 = -v97;
        const real v99 = 1.0f + v98;
        const real v100 = v13 * v99;
        const real v101 = 1.0f + v100;
        const real v102 = v97 * v101;
        r14.value[u] = v14;
        r102.value[u] = v102;
      }
      put_group<8>(&tile[8 * kTile + t * 8 + f], r14);
      put_group<8>(&b5[row_of(i, 8) + f], r102);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 8 * kTile, nullptr, c6, 1.0f, c7, false, ring, no_steps(), b1 + row_of(first, 8),
                          b2 + row_of(first, 8), tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g10 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g17 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      const Group<8> g9x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g9y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g9z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g15 = group_at<8>(&b1[row_of(i, 8) + f]);
      const Group<8> g16 = group_at<8>(&b2[row_of(i, 8) + f]);
      Group<8> r18;
      Group<8> r22x;
      Group<8> r22y;
      Group<8> r22z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v10 = g10.value[u];
        const real v17 = g17.value[u];
        const real v18 = v10 + v17;
        const real v9x = g9x.value[u];
        const real v9y = g9y.value[u];
        const real v9z = g9z.value[u];
        const real v15 = g15.value[u];
        const real v19x = v9x * v15;
        const real v19y = v9y * v15;
        const real v19z = v9z * v15;
        const real v16 = g16.value[u];
        const real v20x = 0.484821283f * v9x + 0.204203539f * v9y + 0.654162232f * v9z;
        const real v20y = (-0.248573005f) * v9x + 0.365251871f * v9y + (-0.879563111f) * v9z;
        const real v20z = (-0.413928028f) * v9x + 0.790083147f * v9y + 0.165228596f * v9z;
        const real v21x = v16 * v20x;
        const real v21y = v16 * v20y;
        const real v21z = v16 * v20z;
        const real v22x = v19x + v21x;
        const real v22y = v19y + v21y;
        const real v22z = v19z + v21z;
        r18.value[u] = v18;
        r22x.value[u] = v22x;
        r22y.value[u] = v22y;
        r22z.value[u] = v22z;
      }
      put_group<8>(&b3[row_of(i, 8) + f], r18);
      put_group<8>(&b4[row_of(i, 24) + f], r22x);
      put_group<8>(&b4[row_of(i, 24) + 8 + f], r22y);
      put_group<8>(&b4[row_of(i, 24) + 16 + f], r22z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9,
            const real* MLFF_RESTRICT c10, const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12,
            const real* MLFF_RESTRICT c13, const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15,
            const real* MLFF_RESTRICT c16, const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18,
            const real* MLFF_RESTRICT c19, const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21,
            const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24,
            const real* MLFF_RESTRICT c25, const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b4,
            real* MLFF_RESTRICT b6, real* MLFF_RESTRICT b7) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 64;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c8));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a27[slots<8>()] = {};
    real a33x[slots<8>()] = {};
    real a33y[slots<8>()] = {};
    real a33z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, (int)128.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g23 = spline_sum<5, 8>(p.basis, c9 + p.row * 8 + f);
            const Group<8> g25 = group_at<8>(&b3[row_of(p.j, 8) + f]);
            const Group<8> g24 = spline_sum<5, 8>(p.basis, c10 + p.row * 8 + f);
            const Group<8> g28x = group_at<8>(&b4[row_of(p.j, 24) + f]);
            const Group<8> g28y = group_at<8>(&b4[row_of(p.j, 24) + 8 + f]);
            const Group<8> g28z = group_at<8>(&b4[row_of(p.j, 24) + 16 + f]);
            const Group<8> g30 = spline_sum<5, 8>(p.basis, c11 + p.row * 8 + f);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v23 = g23.value[u];
              const real v25 = g25.value[u];
              const real v26 = v23 * v25;
              const real v24 = g24.value[u];
              const real v28x = g28x.value[u];
              const real v28y = g28y.value[u];
              const real v28z = g28z.value[u];
              const real v29x = v24 * v28x;
              const real v29y = v24 * v28y;
              const real v29z = v24 * v28z;
              const real v30 = g30.value[u];
              const real v31x = p.ux * v30;
              const real v31y = p.uy * v30;
              const real v31z = p.uz * v30;
              const real v32x = v29x + v31x;
              const real v32y = v29y + v31y;
              const real v32z = v29z + v31z;
              a27[c + u] += v26;
              a33x[c + u] += v32x;
              a33y[c + u] += v32y;
              a33z[c + u] += v32z;
            }
          }
        }
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a27, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a33x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a33y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a33z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g18 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g27 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g22x = group_at<8>(&b4[row_of(i, 24) + f]);
      const Group<8> g22y = group_at<8>(&b4[row_of(i, 24) + 8 + f]);
      const Group<8> g22z = group_at<8>(&b4[row_of(i, 24) + 16 + f]);
      const Group<8> g33x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g33y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g33z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      Group<8> r35;
      Group<8> r36;
      Group<8> r37;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v18 = g18.value[u];
        const real v27 = g27.value[u];
        const real v35 = v18 + v27;
        const real v22x = g22x.value[u];
        const real v22y = g22y.value[u];
        const real v22z = g22z.value[u];
        const real v33x = g33x.value[u];
        const real v33y = g33y.value[u];
        const real v33z = g33z.value[u];
        const real v34x = v22x + v33x;
        const real v34y = v22y + v33y;
        const real v34z = v22z + v33z;
        const real v36 = v34x * v34x + v34y * v34y + v34z * v34z;
        const real v37 = m_sqrt(v36);
        r35.value[u] = v35;
        r36.value[u] = v36;
        r37.value[u] = v37;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r35);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r36);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r37);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c8, 1.0f, c12, false, ring, first_steps<8, 8, 1, 1>(c13),
                          tile + 48 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c13, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c14), tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g38 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      Group<8> r39;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v38 = g38.value[u];
        const real v39 = m_silu(v38);
        r39.value[u] = v39;
      }
      put_group<8>(&tile[40 * kTile + t * 8 + f], r39);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c14, 1.0f, c15, false, ring, first_steps<8, 6, 1, 1>(c16),
                          tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g35 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g40 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      Group<8> r41;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v35 = g35.value[u];
        const real v40 = g40.value[u];
        const real v41 = v35 + v40;
        r41.value[u] = v41;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r41);
    }
  }
  block_barrier();
  linear_tile<8, 6, 1, 1>(rows, tile + 0 * kTile, nullptr, c16, 1.0f, c17, false, ring, first_steps<6, 4, 1, 1>(c18),
                          tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 6) {
      const Group<6> g42 = group_at<6>(&tile[40 * kTile + t * 6 + f]);
      Group<6> r43;
      MLFF_EACH_OF_GROUP(u, 6) {
        const real v42 = g42.value[u];
        const real v43 = m_silu(v42);
        r43.value[u] = v43;
      }
      put_group<6>(&tile[0 * kTile + t * 6 + f], r43);
    }
  }
  block_barrier();
  linear_tile<6, 4, 1, 1>(rows, tile + 0 * kTile, nullptr, c18, 1.0f, c19, false, ring, first_steps<4, 1, 1, 1>(c20),
                          tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 4) {
      const Group<4> g44 = group_at<4>(&tile[56 * kTile + t * 4 + f]);
      const Group<4> g49 = group_at<4>(&c21[f]);
      Group<4> r45;
      Group<4> r56;
      MLFF_EACH_OF_GROUP(u, 4) {
        const real v44 = g44.value[u];
        const real v45 = m_silu(v44);
        const real v49 = g49.value[u];
        const real v50 = m_sigmoid(v44);
        const real v51 = -v50;
        const real v52 = 1.0f + v51;
        const real v53 = v44 * v52;
        const real v54 = 1.0f + v53;
        const real v55 = v50 * v54;
        const real v56 = v49 * v55;
        r45.value[u] = v45;
        r56.value[u] = v56;
      }
      put_group<4>(&tile[0 * kTile + t * 4 + f], r45);
      put_group<4>(&tile[4 * kTile + t * 4 + f], r56);
    }
  }
  block_barrier();
  linear_tile<4, 1, 1, 1>(rows, tile + 0 * kTile, nullptr, c20, 1.0f, nullptr, false, ring,
                          first_steps<4, 6, 1, 1>(c22), tile + 46 * kTile);
  linear_tile<4, 6, 1, 1>(rows, tile + 4 * kTile, nullptr, c22, 1.0f, nullptr, false, ring,
                          first_steps<6, 8, 1, 1>(c23), tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 6) {
      const Group<6> g57 = group_at<6>(&tile[56 * kTile + t * 6 + f]);
      const Group<6> g42 = group_at<6>(&tile[40 * kTile + t * 6 + f]);
      Group<6> r64;
      MLFF_EACH_OF_GROUP(u, 6) {
        const real v57 = g57.value[u];
        const real v42 = g42.value[u];
        const real v58 = m_sigmoid(v42);
        const real v59 = -v58;
        const real v60 = 1.0f + v59;
        const real v61 = v42 * v60;
        const real v62 = 1.0f + v61;
        const real v63 = v58 * v62;
        const real v64 = v57 * v63;
        r64.value[u] = v64;
      }
      put_group<6>(&tile[0 * kTile + t * 6 + f], r64);
    }
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v46 = tile[46 * kTile + t * 1];
        atom_energy[i] = v46;
      }
    }
  }
  block_barrier();
  linear_tile<6, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c23, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c24), tile + 40 * kTile);
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c24, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 2, 1>(c25), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g66 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g38 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      Group<8> r73;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v66 = g66.value[u];
        const real v38 = g38.value[u];
        const real v67 = m_sigmoid(v38);
        const real v68 = -v67;
        const real v69 = 1.0f + v68;
        const real v70 = v38 * v69;
        const real v71 = 1.0f + v70;
        const real v72 = v67 * v71;
        const real v73 = v66 * v72;
        r73.value[u] = v73;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r73);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 0 * kTile, nullptr, c25, 1.0f, nullptr, false, ring, no_steps(),
                          tile + 48 * kTile, tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g65 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g74 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g22x = group_at<8>(&b4[row_of(i, 24) + f]);
      const Group<8> g22y = group_at<8>(&b4[row_of(i, 24) + 8 + f]);
      const Group<8> g22z = group_at<8>(&b4[row_of(i, 24) + 16 + f]);
      const Group<8> g33x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g33y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g33z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      const Group<8> g76 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      const Group<8> g36 = group_at<8>(&tile[32 * kTile + t * 8 + f]);
      Group<8> r75;
      Group<8> r82x;
      Group<8> r82y;
      Group<8> r82z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v65 = g65.value[u];
        const real v74 = g74.value[u];
        const real v75 = v65 + v74;
        const real v22x = g22x.value[u];
        const real v22y = g22y.value[u];
        const real v22z = g22z.value[u];
        const real v33x = g33x.value[u];
        const real v33y = g33y.value[u];
        const real v33z = g33z.value[u];
        const real v34x = v22x + v33x;
        const real v34y = v22y + v33y;
        const real v34z = v22z + v33z;
        const real v76 = g76.value[u];
        const real v36 = g36.value[u];
        const real v77 = m_rsqrt(v36);
        const real v79 = v77 * 0.5f;
        const real v80 = v76 * v79;
        const real v81x = v34x * v80;
        const real v81y = v34y * v80;
        const real v81z = v34z * v80;
        const real v82x = v81x + v81x;
        const real v82y = v81y + v81y;
        const real v82z = v81z + v81z;
        r75.value[u] = v75;
        r82x.value[u] = v82x;
        r82y.value[u] = v82y;
        r82z.value[u] = v82z;
      }
      put_group<8>(&b6[row_of(i, 8) + f], r75);
      put_group<8>(&b7[row_of(i, 24) + f], r82x);
      put_group<8>(&b7[row_of(i, 24) + 8 + f], r82y);
      put_group<8>(&b7[row_of(i, 24) + 16 + f], r82z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_2, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27,
            const real* MLFF_RESTRICT c28, const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT b0,
            const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2, const real* MLFF_RESTRICT b3,
            const real* MLFF_RESTRICT b4, const real* MLFF_RESTRICT b5, const real* MLFF_RESTRICT b6,
            const real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8, real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 56;   // of tile arrays, an atom
  constexpr int kSumNumbers = 4;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c26));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a85x[slots<8>()] = {};
    real a85y[slots<8>()] = {};
    real a85z[slots<8>()] = {};
    real a89[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, (int)128.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 26.122449f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g18 = group_at<8>(&b3[row_of(i, 8) + f]);
          const Group<8> g22x = group_at<8>(&b4[row_of(i, 24) + f]);
          const Group<8> g22y = group_at<8>(&b4[row_of(i, 24) + 8 + f]);
          const Group<8> g22z = group_at<8>(&b4[row_of(i, 24) + 16 + f]);
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g24 = spline_sum<5, 8>(p.basis, c10 + p.row * 8 + f);
            const Group<8> g83x = group_at<8>(&b7[row_of(p.j, 24) + f]);
            const Group<8> g83y = group_at<8>(&b7[row_of(p.j, 24) + 8 + f]);
            const Group<8> g83z = group_at<8>(&b7[row_of(p.j, 24) + 16 + f]);
            const Group<8> g23 = spline_sum<5, 8>(p.basis, c9 + p.row * 8 + f);
            const Group<8> g87 = group_at<8>(&b6[row_of(p.j, 8) + f]);
            const Group<8> g118 = spline_sum<5, 8>(p.slope, c11 + p.row * 8 + f);
            const Group<8> g116 = spline_sum<5, 8>(p.slope, c9 + p.row * 8 + f);
            const Group<8> g117 = spline_sum<5, 8>(p.slope, c10 + p.row * 8 + f);
            const Group<8> g30 = spline_sum<5, 8>(p.basis, c11 + p.row * 8 + f);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v18 = g18.value[u];
              const real v22x = g22x.value[u];
              const real v22y = g22y.value[u];
              const real v22z = g22z.value[u];
              const real v24 = g24.value[u];
              const real v83x = g83x.value[u];
              const real v83y = g83y.value[u];
              const real v83z = g83z.value[u];
              const real v84x = v24 * v83x;
              const real v84y = v24 * v83y;
              const real v84z = v24 * v83z;
              const real v23 = g23.value[u];
              const real v87 = g87.value[u];
              const real v88 = v23 * v87;
              const real v118 = g118.value[u];
              const real v120 = p.ux * v83x + p.uy * v83y + p.uz * v83z;
              const real v121 = v118 * v120;
              const real v122 = -v121;
              const real v116 = g116.value[u];
              const real v124 = v87 * v116;
              const real v125 = v18 * v124;
              const real v129 = v122 + v125;
              const real v117 = g117.value[u];
              const real v127 = v83x * v22x + v83y * v22y + v83z * v22z;
              const real v128 = v117 * v127;
              const real v130 = v129 + v128;
              const real v30 = g30.value[u];
              const real v134x = v30 * v83x;
              const real v134y = v30 * v83y;
              const real v134z = v30 * v83z;
              a85x[c + u] += v84x;
              a85y[c + u] += v84y;
              a85z[c + u] += v84z;
              a89[c + u] += v88;
              part0[e * 4 + 0] += v130;
              part0[e * 4 + 1] += v134x;
              part0[e * 4 + 2] += v134y;
              part0[e * 4 + 3] += v134z;
            }
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kHeavyPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v131 = left_sum<4>(sums, e, 0);
        const real v135x = left_sum<4>(sums, e, 1);
        const real v135y = left_sum<4>(sums, e, 2);
        const real v135z = left_sum<4>(sums, e, 3);
        const real v132x = p.ux * v131;
        const real v132y = p.uy * v131;
        const real v132z = p.uz * v131;
        const real v133x = -v132x;
        const real v133y = -v132y;
        const real v133z = -v132z;
        const real v119 = m_reciprocal(p.r);
        const real v136 = p.ux * v135x + p.uy * v135y + p.uz * v135z;
        const real v137x = p.ux * v136;
        const real v137y = p.uy * v136;
        const real v137z = p.uz * v136;
        const real v138x = -v137x;
        const real v138y = -v137y;
        const real v138z = -v137z;
        const real v139x = v135x + v138x;
        const real v139y = v135y + v138y;
        const real v139z = v135z + v138z;
        const real v140x = v119 * v139x;
        const real v140y = v119 * v139y;
        const real v140z = v119 * v139z;
        const real v141x = v133x + v140x;
        const real v141y = v133y + v140y;
        const real v141z = v133z + v140z;
        pair_gradient[row_of(q, 3)] = v141x;
        pair_gradient[row_of(q, 3) + 1] = v141y;
        pair_gradient[row_of(q, 3) + 2] = v141z;
      }
    }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[0 * kTile + t * 24 + f], group_of_slots<8>(a85x, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], group_of_slots<8>(a85y, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], group_of_slots<8>(a85z, c));
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[24 * kTile + t * 8 + f], group_of_slots<8>(a89, c)); }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g75 = group_at<8>(&b6[row_of(i, 8) + f]);
      const Group<8> g89 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g9x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g9y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g9z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g82x = group_at<8>(&b7[row_of(i, 24) + f]);
      const Group<8> g82y = group_at<8>(&b7[row_of(i, 24) + 8 + f]);
      const Group<8> g82z = group_at<8>(&b7[row_of(i, 24) + 16 + f]);
      const Group<8> g85x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g85y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g85z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      Group<8> r90;
      Group<8> r91;
      Group<8> r95;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v75 = g75.value[u];
        const real v89 = g89.value[u];
        const real v90 = v75 + v89;
        const real v9x = g9x.value[u];
        const real v9y = g9y.value[u];
        const real v9z = g9z.value[u];
        const real v20x = 0.484821283f * v9x + 0.204203539f * v9y + 0.654162232f * v9z;
        const real v20y = (-0.248573005f) * v9x + 0.365251871f * v9y + (-0.879563111f) * v9z;
        const real v20z = (-0.413928028f) * v9x + 0.790083147f * v9y + 0.165228596f * v9z;
        const real v82x = g82x.value[u];
        const real v82y = g82y.value[u];
        const real v82z = g82z.value[u];
        const real v85x = g85x.value[u];
        const real v85y = g85y.value[u];
        const real v85z = g85z.value[u];
        const real v86x = v82x + v85x;
        const real v86y = v82y + v85y;
        const real v86z = v82z + v85z;
        const real v91 = v20x * v86x + v20y * v86y + v20z * v86z;
        const real v95 = v9x * v86x + v9y * v86y + v9z * v86z;
        r90.value[u] = v90;
        r91.value[u] = v91;
        r95.value[u] = v95;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r90);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r91);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r95);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c26, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c27), tile + 48 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c27, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c28), tile + 48 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c28, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c29), tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g96 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g102 = group_at<8>(&b5[row_of(i, 8) + f]);
      Group<8> r103;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v96 = g96.value[u];
        const real v102 = g102.value[u];
        const real v103 = v96 * v102;
        r103.value[u] = v103;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r103);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 32 * kTile, nullptr, c29, 1.0f, nullptr, false, ring, no_steps(),
                          tile + 40 * kTile, tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g90 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g104 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g9x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g9y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g9z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g106 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g16 = group_at<8>(&b2[row_of(i, 8) + f]);
      const Group<8> g82x = group_at<8>(&b7[row_of(i, 24) + f]);
      const Group<8> g82y = group_at<8>(&b7[row_of(i, 24) + 8 + f]);
      const Group<8> g82z = group_at<8>(&b7[row_of(i, 24) + 16 + f]);
      const Group<8> g85x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g85y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g85z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g15 = group_at<8>(&b1[row_of(i, 8) + f]);
      Group<8> r105;
      Group<8> r113x;
      Group<8> r113y;
      Group<8> r113z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v90 = g90.value[u];
        const real v104 = g104.value[u];
        const real v105 = v90 + v104;
        const real v9x = g9x.value[u];
        const real v9y = g9y.value[u];
        const real v9z = g9z.value[u];
        const real v106 = g106.value[u];
        const real v11 = v9x * v9x + v9y * v9y + v9z * v9z;
        const real v107 = m_rsqrt(v11);
        const real v108 = 0.5f * v107;
        const real v109 = v106 * v108;
        const real v110x = v9x * v109;
        const real v110y = v9y * v109;
        const real v110z = v9z * v109;
        const real v16 = g16.value[u];
        const real v82x = g82x.value[u];
        const real v82y = g82y.value[u];
        const real v82z = g82z.value[u];
        const real v85x = g85x.value[u];
        const real v85y = g85y.value[u];
        const real v85z = g85z.value[u];
        const real v86x = v82x + v85x;
        const real v86y = v82y + v85y;
        const real v86z = v82z + v85z;
        const real v92x = v16 * v86x;
        const real v92y = v16 * v86y;
        const real v92z = v16 * v86z;
        const real v93x = 0.484821283f * v92x + (-0.248573005f) * v92y + (-0.413928028f) * v92z;
        const real v93y = 0.204203539f * v92x + 0.365251871f * v92y + 0.790083147f * v92z;
        const real v93z = 0.654162232f * v92x + (-0.879563111f) * v92y + 0.165228596f * v92z;
        const real v111x = v110x + v93x;
        const real v111y = v110y + v93y;
        const real v111z = v110z + v93z;
        const real v15 = g15.value[u];
        const real v94x = v15 * v86x;
        const real v94y = v15 * v86y;
        const real v94z = v15 * v86z;
        const real v112x = v111x + v94x;
        const real v112y = v111y + v94y;
        const real v112z = v111z + v94z;
        const real v113x = v112x + v110x;
        const real v113y = v112y + v110y;
        const real v113z = v112z + v110z;
        r105.value[u] = v105;
        r113x.value[u] = v113x;
        r113y.value[u] = v113y;
        r113z.value[u] = v113z;
      }
      put_group<8>(&b8[row_of(i, 8) + f], r105);
      put_group<8>(&b9[row_of(i, 24) + f], r113x);
      put_group<8>(&b9[row_of(i, 24) + 8 + f], r113y);
      put_group<8>(&b9[row_of(i, 24) + 16 + f], r113z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, kMinPairBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT b8,
            const real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 0;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;   // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;  // of team arrays, a pair of a batch
  constexpr int kRing = 0;         // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 26.122449f;
        p.row = spline_interval(at, (int)128.0f);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 26.122449f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g0 = group_at<8>(&c2[row_of(element[i], 8) + f]);
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g114 = spline_sum<5, 8>(p.slope, c1 + p.row * 8 + f);
            const Group<8> g143 = group_at<8>(&b8[row_of(p.j, 8) + f]);
            const Group<8> g115 = spline_sum<5, 8>(p.slope, c3 + p.row * 8 + f);
            const Group<8> g146x = group_at<8>(&b9[row_of(p.j, 24) + f]);
            const Group<8> g146y = group_at<8>(&b9[row_of(p.j, 24) + 8 + f]);
            const Group<8> g146z = group_at<8>(&b9[row_of(p.j, 24) + 16 + f]);
            const Group<8> g7 = spline_sum<5, 8>(p.basis, c3 + p.row * 8 + f);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v0 = g0.value[u];
              const real v114 = g114.value[u];
              const real v143 = g143.value[u];
              const real v144 = v114 * v143;
              const real v145 = v0 * v144;
              const real v115 = g115.value[u];
              const real v146x = g146x.value[u];
              const real v146y = g146y.value[u];
              const real v146z = g146z.value[u];
              const real v147 = p.ux * v146x + p.uy * v146y + p.uz * v146z;
              const real v148 = v115 * v147;
              const real v149 = -v148;
              const real v150 = v145 + v149;
              const real v7 = g7.value[u];
              const real v154x = v7 * v146x;
              const real v154y = v7 * v146y;
              const real v154z = v7 * v146z;
              part0[e * 4 + 0] += v150;
              part0[e * 4 + 1] += v154x;
              part0[e * 4 + 2] += v154y;
              part0[e * 4 + 3] += v154z;
            }
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v151 = left_sum<4>(sums, e, 0);
        const real v155x = left_sum<4>(sums, e, 1);
        const real v155y = left_sum<4>(sums, e, 2);
        const real v155z = left_sum<4>(sums, e, 3);
        const real v152x = p.ux * v151;
        const real v152y = p.uy * v151;
        const real v152z = p.uz * v151;
        const real v153x = -v152x;
        const real v153y = -v152y;
        const real v153z = -v152z;
        const real v119 = m_reciprocal(p.r);
        const real v156 = p.ux * v155x + p.uy * v155y + p.uz * v155z;
        const real v157x = p.ux * v156;
        const real v157y = p.uy * v156;
        const real v157z = p.uz * v156;
        const real v158x = -v157x;
        const real v158y = -v157y;
        const real v158z = -v157z;
        const real v159x = v155x + v158x;
        const real v159y = v155y + v158y;
        const real v159z = v155z + v158z;
        const real v160x = v119 * v159x;
        const real v160y = v119 * v159y;
        const real v160z = v119 * v159z;
        const real v161x = v153x + v160x;
        const real v161y = v153y + v160y;
        const real v161z = v153z + v160z;
        pair_gradient[row_of(q, 3)] += v161x;
        pair_gradient[row_of(q, 3) + 1] += v161y;
        pair_gradient[row_of(q, 3) + 2] += v161z;
      }
    }
  }
  block_barrier();
}
